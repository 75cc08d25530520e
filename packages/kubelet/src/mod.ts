/** The front door of @tsukube/kubelet: every public name, listed by hand. @module */

export {}
