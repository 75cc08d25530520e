/** The front door of @tsukube/reconciler: every public name, listed by hand. @module */
export { Backoff, type BackoffOptions } from "./backoff.ts"
export { type Again, type ControllerSpec, type Enqueue, runController } from "./controller.ts"
export { WorkQueue } from "./queue.ts"
