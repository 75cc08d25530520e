/** The front door of @tsukube/reconciler: every public name, listed by hand. @module */

export {}
