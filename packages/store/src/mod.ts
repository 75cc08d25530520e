/** The front door of @tsukube/store: every public name, listed by hand. @module */

export {}
