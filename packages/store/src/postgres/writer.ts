/** Group commit: concurrent commits travel to the database as one statement, and each gets its own answer. @module */
import { Effect, Exit, type Scope } from "effect"
import { checkWrites } from "../key.ts"
import { makeMeter } from "../metrics.ts"
import { type Conflict, StoreError, type Write } from "../store.ts"
import { batchSlots } from "./apply.ts"
import { type BatchLimits, chooseBatch } from "./batch.ts"
import type { Database } from "./database.ts"
import type { Outcome } from "./ledger.ts"
import type { Progress } from "./progress.ts"
import { makeSender } from "./sender.ts"

/** Bounds of the writer. */
export interface WriterLimits extends BatchLimits {
  /** Commits that may wait; further ones fail with `Overloaded`. */
  readonly queueCommits: number
  readonly queueUnits: number
  /** So many writes must wait before a batch is sent while another is on its way: small ones gain more by waiting for company. */
  readonly overlapWrites: number
}

const defaultLimits: WriterLimits = {
  batchWrites: 512,
  // A batch that fits into the buffer of a socket is handed over at once; a larger one waits for the other side in its middle.
  batchUnits: 176 * 1024,
  queueCommits: 16_384,
  queueUnits: 128 * 1024 * 1024,
  overlapWrites: 24
}

type Answer = Exit.Exit<bigint, Conflict | StoreError>

interface Waiting {
  readonly writes: ReadonlyArray<Write>
  readonly units: number
  readonly answer: (answer: Answer) => void
}

/** The commit method of a store over a database; `progress` hears of each batch. The last batch ends before the scope does. */
export const makeWriter = (
  database: Database,
  schema: string,
  progress: Pick<Progress, "begun" | "wrote" | "ended">,
  limits: WriterLimits = defaultLimits
): Effect.Effect<(writes: ReadonlyArray<Write>) => Effect.Effect<bigint, Conflict | StoreError>, never, Scope.Scope> =>
  Effect.gen(function* () {
    let queue: Array<Waiting> = []
    let queueUnits = 0
    /** The slots with work on its way. */
    const inFlight = new Map<number, { readonly writes: number; readonly done: Promise<void> }>()
    let closed = false
    const meter = yield* makeMeter
    const run = Effect.runPromiseExitWith(yield* Effect.context<never>())
    const sender = yield* makeSender(database, schema, meter, progress.wrote)

    const send = async (batch: ReadonlyArray<Waiting>, slot: number): Promise<void> => {
      const begun = performance.now()
      progress.begun()
      const exit = await run(sender.send(batch, slot))
      meter.batch(batch.length, queue.length, performance.now() - begun)
      if (Exit.isSuccess(exit)) {
        progress.ended(settle(batch, exit.value))
        return
      }
      progress.ended(0n)
      const failure: Answer = Exit.failCause(exit.cause)
      // The data of one commit displeased the database: nothing was written, and the others must not suffer for it.
      if (batch.length > 1 && isRejected(exit)) for (const one of batch) await send([one], slot)
      else for (const one of batch) one.answer(failure)
    }

    /** Occupies a slot with some work, and looks what to do next when it is done. */
    const occupy = (slot: number, writes: number, work: Promise<unknown>): void => {
      const done = work.then(() => {
        inFlight.delete(slot)
        pump()
      })
      inFlight.set(slot, { writes, done })
    }

    const pump = (): void => {
      while (queue.length > 0 && inFlight.size < batchSlots) {
        if (inFlight.size > 0 && (queue.length < limits.overlapWrites || sender.wantsToCatchUp())) return
        if (sender.wantsToCatchUp()) {
          // With nothing of ours on its way, what the database says stays true until we write, or somebody else does.
          occupy(0, 0, run(sender.catchUp))
          return
        }
        // Half of what waits and travels: then one batch is prepared and answered here while the other is at work there.
        const half = [...inFlight.values()].reduce((sum, { writes }) => sum + writes, queue.length) / 2
        const batchWrites = Math.min(limits.batchWrites, Math.max(limits.overlapWrites, Math.ceil(half)))
        const slot = inFlight.has(0) ? 1 : 0
        const { batch, rest } = chooseBatch(queue, { ...limits, batchWrites })
        queue = rest
        for (const one of batch) queueUnits -= one.units
        occupy(slot, batch.length, send(batch, slot))
      }
    }

    yield* Effect.addFinalizer(() =>
      Effect.promise(async () => {
        closed = true
        for (const one of queue.splice(0)) one.answer(Exit.fail(closing()))
        await Promise.all([...inFlight.values()].map(({ done }) => done))
      })
    )

    return (writes) =>
      Effect.callback<bigint, Conflict | StoreError>((resume) => {
        const units = writes.reduce((sum, write) => sum + write.key.length + (write.value?.length ?? 0), 0)
        const problem =
          checkWrites(writes) ??
          (closed ? closing() : queue.length >= limits.queueCommits || queueUnits > limits.queueUnits ? overloaded() : undefined)
        if (problem !== undefined) return resume(Effect.fail(problem))
        const sinceMs = performance.now()
        const answer = (given: Answer): void => {
          if (Exit.isSuccess(given)) meter.committed(performance.now() - sinceMs)
          else if (given.cause.reasons.some((reason) => reason._tag === "Fail" && reason.error._tag === "Conflict"))
            meter.conflicted()
          else meter.failed()
          resume(given)
        }
        const waiting: Waiting = { writes, units, answer }
        queue.push(waiting)
        queueUnits += units
        pump()
        return Effect.sync(() => {
          // Once it is on its way it may well happen; before that it does not.
          const index = queue.indexOf(waiting)
          if (index < 0) return
          queue.splice(index, 1)
          queueUnits -= units
        })
      })
  })

const overloaded = (): StoreError =>
  new StoreError({ reason: "Overloaded", retryable: true, message: "too many commits wait for the database already" })

const closing = (): StoreError => new StoreError({ reason: "Unavailable", retryable: false, message: "the store is closed" })

const isRejected = (exit: Exit.Exit<unknown, StoreError>): boolean =>
  Exit.isFailure(exit) && exit.cause.reasons.some((reason) => reason._tag === "Fail" && reason.error.reason === "Rejected")

/** Gives each commit its answer and returns the newest revision. */
const settle = (batch: ReadonlyArray<Waiting>, outcomes: ReadonlyArray<Outcome>): bigint => {
  let newest = 0n
  for (const [index, { answer }] of batch.entries()) {
    const outcome = outcomes[index]
    if (typeof outcome !== "bigint") answer(Exit.fail(outcome ?? closing()))
    else {
      if (outcome > newest) newest = outcome
      answer(Exit.succeed(outcome))
    }
  }
  return newest
}
