/** The front door of @tsukube/api: every public name, listed by hand. @module */

export {}
