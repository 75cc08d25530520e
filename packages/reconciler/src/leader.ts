/** Chooses one leader among several processes by a Lease, and runs something only while this process is it. @module */
import { type Lease, type LeaseSpec, leases } from "@tsukube/api/coordination-v1"
import type { Client, ClientError } from "@tsukube/client"
import { Clock, Data, Effect, Random } from "effect"

/** The Lease could not be renewed in time: somebody else may lead from now on. The body has been interrupted. */
export class LeadershipLost extends Data.Error<{ readonly lease: string; readonly identity: string }> {
  readonly _tag = "LeadershipLost"

  override get message(): string {
    return `${this.identity} no longer holds the lease ${this.lease}`
  }
}

/** Who stands for election, for what, and how patient everybody is. */
export interface LeaderElectionOptions {
  readonly client: Client
  readonly lease: { readonly namespace: string; readonly name: string }
  /** Names this process; no two candidates may share it. */
  readonly identity: string
  /** How long others wait for a silent leader before they take over; default 15 s. */
  readonly leaseDurationMs?: number
  /** How long the leader tries to renew before it gives up; default 10 s. */
  readonly renewDeadlineMs?: number
  /** Between two tries; default 2 s. */
  readonly retryPeriodMs?: number
}

/**
 * Waits until this process leads, runs `body`, and gives the lease back when the body ends or is interrupted, so that the
 * next leader need not wait. When the lease cannot be renewed the body is interrupted and the effect fails with
 * `LeadershipLost`; run it again to become a candidate again.
 *
 * What it does not guarantee is fencing: a leader that was paused (a stopped process, a long collection of garbage) may
 * finish a write after another one has taken over. Writes that must not happen twice need a `resourceVersion`. Clocks of
 * different machines need not agree, since only the pace at which the record changes is observed, but they must run at the same speed.
 */
export const leaderElection =
  (options: LeaderElectionOptions): (<A, E, R>(body: Effect.Effect<A, E, R>) => Effect.Effect<A, E | LeadershipLost, R>) =>
  (body) =>
    Effect.suspend(() => {
      const candidate = new Candidate(options)
      return Effect.andThen(candidate.acquire, Effect.raceFirst(body, candidate.keep)).pipe(Effect.ensuring(candidate.release))
    })

/** How much later than `retryPeriodMs` a candidate may try, as a share, so that candidates do not meet again and again. */
const jitter = 1.2

class Candidate {
  readonly #options: Required<LeaderElectionOptions>
  #observed: Lease | undefined
  #observedMs = 0
  #lastFailure: string | undefined

  constructor(options: LeaderElectionOptions) {
    this.#options = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2000, ...options }
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs, identity } = this.#options
    if (leaseDurationMs <= renewDeadlineMs) throw new Error("leaseDurationMs must be greater than renewDeadlineMs")
    if (renewDeadlineMs <= jitter * retryPeriodMs)
      throw new Error(`renewDeadlineMs must be greater than ${jitter} × retryPeriodMs`)
    if (leaseDurationMs < 1000) throw new Error("leaseDurationMs must be a second or more: leases count in seconds")
    if (identity === "") throw new Error("the identity of a candidate may not be empty")
  }

  /** Ends when this process leads. */
  get acquire(): Effect.Effect<void> {
    const { retryPeriodMs } = this.#options
    const pause = Effect.flatMap(Random.next, (share) => Effect.sleep(retryPeriodMs * (1 + share * jitter)))
    return Effect.flatMap(this.#try, (leads) => (leads ? Effect.void : Effect.andThen(pause, this.acquire)))
  }

  /** Renews the lease for as long as that works; fails when it has not worked for `renewDeadlineMs`. */
  get keep(): Effect.Effect<never, LeadershipLost> {
    const { renewDeadlineMs, retryPeriodMs, identity, lease } = this.#options
    const pause = Effect.sleep(retryPeriodMs)
    const renewed: Effect.Effect<void> = Effect.flatMap(this.#try, (leads) =>
      leads ? Effect.void : Effect.andThen(pause, renewed)
    )
    const lost = () => Effect.fail(new LeadershipLost({ lease: `${lease.namespace}/${lease.name}`, identity }))
    return Effect.forever(Effect.andThen(pause, Effect.timeoutOrElse(renewed, { duration: renewDeadlineMs, orElse: lost })))
  }

  /** Makes room for the next leader, if this process leads. */
  get release(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const observed = this.#observed
      if (observed?.spec?.holderIdentity !== this.#options.identity) return Effect.void
      return Effect.flatMap(Clock.currentTimeMillis, (wallMs) => {
        const now = microTimeOf(wallMs)
        const spec = { ...observed.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: now, acquireTime: now }
        return this.#options.client.update(leases, { ...observed, spec })
      }).pipe(Effect.timeoutOption(this.#options.renewDeadlineMs), Effect.ignore)
    })
  }

  // One try to get or renew; a request that hangs counts as a failed one.
  get #try(): Effect.Effect<boolean> {
    return this.#attempt.pipe(
      Effect.timeoutOrElse({ duration: this.#options.renewDeadlineMs, orElse: () => Effect.succeed(false) }),
      Effect.catch((error: ClientError) => {
        // Another candidate was quicker: that is how elections go.
        const ordinary = error._tag === "StatusError" && error.code === 409
        if (ordinary || error.message === this.#lastFailure) return Effect.succeed(false)
        this.#lastFailure = error.message
        return Effect.as(Effect.logWarning(`lease ${this.#options.lease.name}: ${error.message}`), false)
      })
    )
  }

  get #attempt(): Effect.Effect<boolean, ClientError> {
    const { client, lease, identity } = this.#options
    return Effect.gen({ self: this }, function* () {
      const wallMs = yield* Clock.currentTimeMillis
      const nowMs = yield* monotonicMs
      const found = yield* Effect.catchIf(client.get(leases, lease), isNotFound, () => Effect.succeed(undefined))
      if (found === undefined) {
        const spec = this.#specAt(wallMs, undefined)
        this.#observe(yield* client.create(leases, { metadata: lease, spec }), nowMs)
        return true
      }
      // A renewal by somebody else shows as a new revision; only the time since then, by this clock, counts.
      if (found.metadata?.resourceVersion !== this.#observed?.metadata?.resourceVersion) this.#observe(found, nowMs)
      const { holderIdentity, leaseDurationSeconds = 0 } = found.spec ?? {}
      const isFree = !holderIdentity || this.#observedMs + leaseDurationSeconds * 1000 <= nowMs
      if (holderIdentity !== identity && !isFree) return false
      this.#observe(yield* client.update(leases, { ...found, spec: this.#specAt(wallMs, found.spec) }), nowMs)
      this.#lastFailure = undefined
      return true
    })
  }

  #observe(lease: Lease, nowMs: number): void {
    this.#observed = lease
    this.#observedMs = nowMs
  }

  #specAt(wallMs: number, before: LeaseSpec | undefined): LeaseSpec {
    const { identity, leaseDurationMs } = this.#options
    const now = microTimeOf(wallMs)
    const stays = before?.holderIdentity === identity
    return {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: stays ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: before === undefined ? 0 : (before.leaseTransitions ?? 0) + (stays ? 0 : 1)
    }
  }
}

const monotonicMs: Effect.Effect<number> = Effect.map(Clock.Clock, (clock) =>
  Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)
)

const microTimeOf = (ms: number): string => new Date(ms).toISOString().replace("Z", "000Z")

const isNotFound = (error: ClientError): boolean => error._tag === "StatusError" && error.code === 404
