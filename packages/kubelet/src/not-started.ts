/** Why a container has not been started. @module */
import type { Waiting } from "./restart.ts"

/** What the container waits for, as its status says it, and when to try again. */
export class NotStarted extends Error {
  readonly _tag = "NotStarted"
  readonly waiting: Waiting
  readonly againMs: number
  constructor(reason: string, message: string, againMs: number) {
    super(message)
    this.waiting = { reason, message }
    this.againMs = againMs
  }
}
