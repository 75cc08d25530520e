/** Group commit: concurrent commits travel to the database as one statement, and each gets its own answer. @module */
import { Effect, Exit, Schedule, type Scope } from "effect"
import { checkWrites, leaseEnded } from "../key.ts"
import { makeMeter } from "../metrics.ts"
import { Conflict, StoreError, type Write } from "../store.ts"
import { batchSlots } from "./apply.ts"
import type { Database, Parameter } from "./database.ts"

/** Bounds of the writer. */
export interface WriterLimits {
  /** Writes of one batch, at most. */
  readonly batchWrites: number
  /** UTF-16 units of the values of one batch; a single larger commit travels alone. */
  readonly batchUnits: number
  /** Commits that may wait; further ones fail with `Overloaded`. */
  readonly queueCommits: number
  readonly queueUnits: number
  /** So many writes must wait before a batch is sent while another is on its way: small ones gain more by waiting for company. */
  readonly overlapWrites: number
}

const defaultLimits: WriterLimits = {
  batchWrites: 512,
  batchUnits: 4 * 1024 * 1024,
  queueCommits: 16_384,
  queueUnits: 128 * 1024 * 1024,
  overlapWrites: 24
}
/** How far past a commit that has to wait (its key is in the batch already) others are looked for. */
const lookAhead = 2048

/** How long we try to find out what became of a batch whose connection was lost. */
const settleMs = 5_000

type Answer = Exit.Exit<bigint, Conflict | StoreError>

interface Waiting {
  readonly writes: ReadonlyArray<Write>
  readonly units: number
  readonly answer: (answer: Answer) => void
}

const isUnknown = (error: StoreError): boolean => error.reason === "Unknown"

/** The commit method of a store over a database; `onCommit` hears the newest revision of each batch. The last batch ends before the scope does. */
export const makeWriter = (
  database: Database,
  schema: string,
  onCommit: (revision: bigint) => void,
  limits: WriterLimits = defaultLimits
): Effect.Effect<(writes: ReadonlyArray<Write>) => Effect.Effect<bigint, Conflict | StoreError>, never, Scope.Scope> =>
  Effect.gen(function* () {
    let queue: Array<Waiting> = []
    let queueUnits = 0
    /** The slots with a batch on its way. */
    const inFlight = new Map<number, Promise<void>>()
    let closed = false
    const meter = yield* makeMeter
    const writer = BigInt.asIntN(63, crypto.getRandomValues(new BigInt64Array(1))[0] ?? 0n)
    const run = Effect.runPromiseExitWith(yield* Effect.context<never>())
    const rounds = Array.from({ length: batchSlots }, () => 0n)
    /** Batch numbers of a slot grow, and tell the slot. */
    const numberIn = (slot: number): bigint => {
      rounds[slot] = (rounds[slot] ?? 0n) + 1n
      return (rounds[slot] ?? 0n) * BigInt(batchSlots) + BigInt(slot)
    }

    /** Sends a batch until its outcome is known: one that was lost with its connection is asked for, and sent again when it never happened. */
    const write = (batch: ReadonlyArray<Waiting>, slot: number): Effect.Effect<ReadonlyArray<string>, StoreError> =>
      Effect.suspend(() => {
        const number = numberIn(slot)
        const settling = Effect.suspend(() =>
          database.write(`select ${schema}.settle_batch($1::text::bigint, $2::text::bigint)`, [String(writer), String(number)])
        ).pipe(
          Effect.retry({
            while: (error: StoreError) => error.retryable || isUnknown(error),
            schedule: Schedule.min([Schedule.exponential("10 millis"), Schedule.spaced("250 millis")])
          }),
          Effect.timeoutOption(settleMs)
        )
        return Effect.catchIf(writeBatch(database, schema, writer, number, batch), isUnknown, (lost) =>
          Effect.flatMap(settling, (settled) => {
            if (settled._tag === "None") return Effect.fail(lost)
            meter.settled()
            const [[answer] = []] = settled.value
            return typeof answer === "string" ? Effect.succeed(answer.split(",")) : write(batch, slot)
          })
        )
      })

    const send = async (batch: ReadonlyArray<Waiting>, slot: number): Promise<void> => {
      const begun = performance.now()
      const exit = await run(write(batch, slot))
      meter.batch(batch.length, queue.length, performance.now() - begun)
      if (Exit.isSuccess(exit)) {
        const newest = settle(batch, exit.value)
        if (newest > 0n) onCommit(newest)
        return
      }
      const failure: Answer = Exit.failCause(exit.cause)
      // The data of one commit displeased the database: nothing was written, and the others must not suffer for it.
      if (batch.length > 1 && isRejected(exit)) for (const one of batch) await send([one], slot)
      else for (const one of batch) one.answer(failure)
    }

    const pump = (): void => {
      if (queue.length === 0 || inFlight.size === batchSlots) return
      if (inFlight.size > 0 && queue.length < limits.overlapWrites) return
      const slot = inFlight.has(0) ? 1 : 0
      const { batch, rest } = chooseBatch(queue, limits)
      queue = rest
      for (const one of batch) queueUnits -= one.units
      const sent = send(batch, slot).then(() => {
        inFlight.delete(slot)
        pump()
      })
      inFlight.set(slot, sent)
    }

    yield* Effect.addFinalizer(() =>
      Effect.promise(async () => {
        closed = true
        for (const one of queue.splice(0)) one.answer(Exit.fail(closing()))
        await Promise.all(inFlight.values())
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

/** From the front of the queue: whole commits, each key once, within the limits, and never past an earlier commit of the same key. */
export const chooseBatch = <A extends { readonly writes: ReadonlyArray<Write>; readonly units: number }>(
  queue: ReadonlyArray<A>,
  limits: Pick<WriterLimits, "batchWrites" | "batchUnits">
): { readonly batch: Array<A>; readonly rest: Array<A> } => {
  const batch: Array<A> = []
  const rest: Array<A> = []
  const keys = new Set<string>()
  let writes = 0
  let units = 0
  let index = 0
  for (; index < queue.length && index < lookAhead; index++) {
    const one = queue[index]
    if (one === undefined) break
    if (batch.length > 0 && (writes + one.writes.length > limits.batchWrites || units + one.units > limits.batchUnits)) break
    if (one.writes.some((write) => keys.has(write.key))) rest.push(one)
    else {
      batch.push(one)
      writes += one.writes.length
      units += one.units
    }
    for (const write of one.writes) keys.add(write.key)
  }
  for (; index < queue.length; index++) rest.push(queue[index] as A)
  return { batch, rest }
}

/** Sends a batch; the answer has a word for each write, in order. */
const writeBatch = (
  database: Database,
  schema: string,
  writer: bigint,
  number: bigint,
  batch: ReadonlyArray<Waiting>
): Effect.Effect<ReadonlyArray<string>, StoreError> => {
  const together = batch.some((one) => one.writes.length > 1 || (one.writes[0]?.ttlMs ?? one.writes[0]?.lease) !== undefined)
  const writes = batch.flatMap((one) => one.writes)
  const keys = writes.map((write) => write.key)
  const values = writes.map((write) => write.value ?? "")
  const delimiter = delimiterFor([...keys, ...values])
  const parameters: Array<Parameter> = [
    String(writer),
    String(number),
    `{${writes.map((write) => (write.value === undefined ? 1 : 0)).join(",")}}`,
    `{${writes.map((write) => write.expected ?? -1n).join(",")}}`,
    ...(together
      ? [
          `{${batch.flatMap((one, index) => one.writes.map(() => index)).join(",")}}`,
          `{${writes.map((write) => write.ttlMs ?? -(write.lease ?? 0n)).join(",")}}`
        ]
      : []),
    keys.join(delimiter),
    values.join(delimiter),
    delimiter
  ]
  const statement = together
    ? `select ${schema}.apply_together($1::text::bigint, $2::text::bigint, $3::text::smallint[], $4::text::bigint[], $5::text::integer[], $6::text::bigint[], $7::text, $8::text, $9::text)`
    : `select ${schema}.apply($1::text::bigint, $2::text::bigint, $3::text::smallint[], $4::text::bigint[], $5::text, $6::text, $7::text)`
  return Effect.map(database.write(statement, parameters), (rows) => String(rows[0]?.[0] ?? "").split(","))
}

/** A text that occurs in none of the others: one rare character, or a longer and longer run of it where it is not rare. */
export const delimiterFor = (texts: ReadonlyArray<string>): string => {
  let delimiter = "\u001e"
  // Framed by another character, so that a text which begins or ends with the rare one cannot shift the cut.
  for (let run = 2; texts.some((text) => text.includes(delimiter)); run *= 2) delimiter = `\u001d${"\u001e".repeat(run)}\u001d`
  return delimiter
}

/** Gives each commit its answer and returns the newest revision. */
const settle = (batch: ReadonlyArray<Waiting>, words: ReadonlyArray<string>): bigint => {
  let next = 0
  let newest = 0n
  for (const { writes, answer } of batch) {
    const first = next
    next += writes.length
    const word = words[first] ?? ""
    const refused = writes.findIndex((_, index) => isRefusal(words[first + index]))
    if (refused >= 0) {
      const word = words[first + refused] ?? "0"
      const { key = "", lease = 0n } = writes[refused] ?? {}
      answer(Exit.fail(word === endedWord ? leaseEnded(lease) : new Conflict({ key, current: -BigInt(word) })))
    } else {
      const revision = BigInt(word)
      if (revision > newest) newest = revision
      answer(Exit.succeed(revision))
    }
  }
  return newest
}

/** The lease of a write has ended. */
const endedWord = "L"

const isRefusal = (word: string | undefined): boolean =>
  word === undefined || word === "0" || word === endedWord || (word.startsWith("-") && word !== "-")
