/** What a way of making Services true has to do: iptables is one, others can take its place. @module */
import { Data, type Effect } from "effect"
import type { ProxyState } from "./state.ts"

/** What a synchronisation did, for logs and metrics. */
export interface SyncReport {
  /** Everything was written, not only what changed. */
  readonly full: boolean
  readonly chainsWritten: number
  readonly chainsDeleted: number
  readonly rulesWritten: number
}

/** The kernel did not take what it was given; nothing of it is in effect, the next attempt has to be a full one. */
export class SyncError extends Data.Error<{ readonly backend: string; readonly reason: string }> {
  readonly _tag = "SyncError"
  override get message(): string {
    return `${this.backend}: ${this.reason}`
  }
}

/** Makes a state true on this node. */
export interface ProxyBackend {
  readonly name: string
  /**
   * Makes `desired` true. `previous` is what this backend last made true: only the difference is written. `undefined` means that
   * nothing is known: everything is written, and what other runs left is removed.
   */
  readonly sync: (desired: ProxyState, previous: ProxyState | undefined) => Effect.Effect<SyncReport, SyncError>
  /** False when somebody else has removed what `sync` wrote, as a firewall's restart does. */
  readonly intact: Effect.Effect<boolean>
  /** Removes everything this kind of backend writes, whoever wrote it, and nothing else. */
  readonly cleanup: Effect.Effect<void, SyncError>
}
