/** The front door of @tsukube/scheduler: every public name, listed by hand. @module */

export {}
