/** The front door of @tsukube/netoverlay: every public name, listed by hand. @module */

export {}
