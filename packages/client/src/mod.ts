/** The front door of @tsukube/client: every public name, listed by hand. @module */

export {}
