/** The front door of @tsukube/host: every public name, listed by hand. @module */

export {}
