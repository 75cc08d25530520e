/** Sends batches until their outcome is known: decided by us where we know all keys and are alone, else by the database. @module */
import { Effect, Schedule, type Scope } from "effect"
import type { Meter } from "../metrics.ts"
import type { StoreError } from "../store.ts"
import { batchSlots } from "./apply.ts"
import {
  appendListsQuestion,
  appendQuestion,
  applyQuestion,
  needsDatabase,
  outcomesOf,
  type Sender,
  sameOutcomes
} from "./batch.ts"
import type { Database, Rows } from "./database.ts"
import { type Decision, makeLedger, type Outcome, type Proposal } from "./ledger.ts"
import { makeRivalry } from "./rivalry.ts"
import { changesQuestion, changesTold, reportOf, standingsQuestion, standingsTold } from "./statements.ts"

/** How long we try to find out what became of a batch whose connection was lost. */
const settleMs = 5_000
/** Whoever writes so many batches will write more: then it pays to learn all keys. */
const batchesBeforeLearning = 16
/** After a question about the keys failed, so many batches pass before the next. */
const batchesBeforeNextTry = 256

/** Sends batches, up to `batchSlots` at a time, each in its own slot. */
export interface BatchSender {
  readonly send: (batch: ReadonlyArray<Proposal>, slot: number) => Effect.Effect<ReadonlyArray<Outcome>, StoreError>
  /** It would pay to ask what others wrote, which has to be done while nothing of ours is on its way. */
  readonly wantsToCatchUp: () => boolean
  readonly catchUp: Effect.Effect<void>
}

const isUnknown = (error: StoreError): boolean => error.reason === "Unknown"

/** A sender that knows nothing at first, and learns the keys in the background when it is used. `onWritten` hears of each batch that was decided here. */
export const makeSender = (
  database: Database,
  schema: string,
  meter: Pick<Meter, "settled" | "decided">,
  onWritten: (decision: Decision, server: string) => void
): Effect.Effect<BatchSender, never, Scope.Scope> =>
  Effect.gen(function* () {
    const writer = BigInt.asIntN(63, crypto.getRandomValues(new BigInt64Array(1))[0] ?? 0n)
    const rounds = Array.from({ length: batchSlots }, () => 0n)
    /** Batch numbers of a slot grow, and tell the slot. */
    const senderIn = (slot: number): Sender => {
      rounds[slot] = (rounds[slot] ?? 0n) + 1n
      return { schema, writer, number: (rounds[slot] ?? 0n) * BigInt(batchSlots) + BigInt(slot) }
    }
    const ledger = makeLedger()
    const rivalry = makeRivalry()
    const scope = yield* Effect.scope
    let untilLearning = batchesBeforeLearning

    const learn = Effect.suspend(() => {
      const { statement, parameters } = standingsQuestion(schema)
      return Effect.map(database.read(statement, parameters), (rows) => {
        // More keys than we want to hold: then the database goes on deciding.
        if (rows.length <= standingsTold) ledger.load(reportOf(rows))
      })
    }).pipe(Effect.ignore)
    /** Now and then while nothing is known. */
    const considerLearning = Effect.suspend(() => {
      if (ledger.server() !== undefined || --untilLearning > 0) return Effect.void
      untilLearning = batchesBeforeNextTry
      return Effect.forkIn(learn, scope)
    })
    const catchUp = Effect.suspend(() => {
      const { statement, parameters } = changesQuestion(schema, ledger.newest())
      return Effect.map(database.read(statement, parameters), (rows) => {
        const report = reportOf(rows)
        if (!ledger.extend(rows.length > changesTold ? { ...report, compacted: report.newest } : report)) untilLearning = 1
      })
    }).pipe(Effect.catch(() => Effect.sync(rivalry.met)))

    /** Undefined: it never happened, and never will. */
    const settle = (sender: Sender, lost: StoreError): Effect.Effect<string | undefined, StoreError> =>
      Effect.suspend(() =>
        database.write(() => ({
          statement: `select ${schema}.settle_batch($1::text::bigint, $2::text::bigint)`,
          parameters: [String(sender.writer), String(sender.number)]
        }))
      ).pipe(
        Effect.retry({
          while: (error: StoreError) => error.retryable || isUnknown(error),
          schedule: Schedule.min([Schedule.exponential("10 millis"), Schedule.spaced("250 millis")])
        }),
        Effect.timeoutOrElse({ duration: settleMs, orElse: () => Effect.fail(lost) }),
        Effect.map((rows: Rows) => {
          meter.settled()
          const answer = rows[0]?.[0]
          return typeof answer === "string" ? answer : undefined
        })
      )

    const applied = (batch: ReadonlyArray<Proposal>, decision: Decision | undefined, answer: string): ReadonlyArray<Outcome> => {
      rivalry.rested()
      const outcomes = outcomesOf(batch, answer.split(","))
      if (decision === undefined) return outcomes
      if (sameOutcomes(decision.outcomes, outcomes)) ledger.confirm(decision)
      else ledger.refuse(decision)
      return outcomes
    }

    /** The database decides; what we would have decided only tells whether we still know everything. */
    const apply = (
      batch: ReadonlyArray<Proposal>,
      slot: number,
      decision: Decision | undefined
    ): Effect.Effect<ReadonlyArray<Outcome>, StoreError> =>
      Effect.suspend(() => {
        const sender = senderIn(slot)
        return database
          .write(() => applyQuestion(sender, batch))
          .pipe(
            Effect.map((rows) => String(rows[0]?.[0] ?? "")),
            Effect.catchIf(isUnknown, (lost) => settle(sender, lost)),
            Effect.tapError(() => Effect.sync(() => decision !== undefined && ledger.refuse(decision))),
            Effect.flatMap((answer) => {
              if (answer !== undefined) return Effect.succeed(applied(batch, decision, answer))
              if (decision !== undefined) ledger.refuse(decision)
              return apply(batch, slot, undefined)
            })
          )
      })

    /** We decide, and the database only checks that nobody else wrote meanwhile; if so, it decides. */
    const append = (
      batch: ReadonlyArray<Proposal>,
      slot: number,
      decision: Decision
    ): Effect.Effect<ReadonlyArray<Outcome>, StoreError> =>
      Effect.suspend(() => {
        const sender = senderIn(slot)
        const server = ledger.server() ?? ""
        const asked = database.write(
          () => appendQuestion(sender, server, decision),
          () => appendListsQuestion(sender, server, decision)
        )
        return asked.pipe(
          Effect.map((rows: Rows) => rows[0]?.[0] === true),
          Effect.catchIf(isUnknown, (lost) => Effect.map(settle(sender, lost), (answer) => answer !== undefined)),
          Effect.tapError(() => Effect.sync(() => ledger.refuse(decision))),
          Effect.flatMap((written) => {
            if (written) {
              ledger.confirm(decision)
              onWritten(decision, server)
              rivalry.held()
              meter.decided()
              return Effect.succeed(decision.outcomes)
            }
            ledger.refuse(decision)
            rivalry.met()
            return apply(batch, slot, undefined)
          })
        )
      })

    return {
      wantsToCatchUp: () => ledger.server() !== undefined && !ledger.isCurrent() && !rivalry.isFelt(),
      catchUp,
      send: (batch, slot) =>
        Effect.suspend(() => {
          const decision = ledger.decide(batch)
          if (decision === undefined) return Effect.andThen(considerLearning, apply(batch, slot, undefined))
          return needsDatabase(batch) ? apply(batch, slot, decision) : append(batch, slot, decision)
        })
    }
  })
