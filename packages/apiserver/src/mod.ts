/** The front door of @tsukube/apiserver: every public name, listed by hand. @module */

export {}
