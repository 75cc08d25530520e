/** What a worker is told about its pod. @module */
import type { Pod } from "@tsukube/api/core-v1"
import type { Effect, Queue } from "effect"
import type { Rejection } from "./admission.ts"

/** The pod as it is wanted now; `gone` when the API server no longer has it. */
export interface Desired {
  readonly pod: Pod
  readonly gone: boolean
}

/** How a worker is told things. */
export interface WorkerInput {
  /** Holds a signal when something about the pod has changed. */
  readonly wake: Queue.Queue<void>
  readonly desired: () => Desired
  /** Ends when the pod is to end. */
  readonly unwanted: Effect.Effect<void>
  /** Why the node does not take the pod. */
  readonly rejection: Rejection | undefined
}
