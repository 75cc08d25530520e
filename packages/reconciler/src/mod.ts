/** The front door of @tsukube/reconciler: every public name, listed by hand. @module */
export { Backoff, type BackoffOptions } from "./backoff.ts"
export { type Again, type ControllerSpec, type Enqueue, runController } from "./controller.ts"
export { formatHealth, type Health, type HealthReport, makeHealth } from "./health.ts"
export { type LeaderElectionOptions, LeadershipLost, leaderElection } from "./leader.ts"
export { WorkQueue } from "./queue.ts"
export { type EventRecorder, makeRecorder, type RecorderOptions, referenceTo } from "./recorder.ts"
