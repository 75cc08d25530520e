/** The front door of @tsukube/proxy: every public name, listed by hand. @module */

export {}
