/** The front door of @tsukube/controllers: every public name, listed by hand. @module */

export {}
