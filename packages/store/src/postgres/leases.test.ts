import { describe, expect, setDefaultTimeout, test } from "bun:test"
import { live, requireTool } from "@tsukube/testing"
import { Effect, Stream } from "effect"
import { StoreError } from "../store.ts"
import { systemPostgres } from "../testing/scratch-postgres.ts"
import { adminOf, ask, freshSchema, open, useServer } from "../testing/scratch-suite.ts"
import { addressOf, connect } from "./driver.ts"
import { leaseTable } from "./leases.ts"

setDefaultTimeout(60_000)

const there = requireTool("leases in a PostgreSQL server", { "postgresql (server)": systemPostgres() !== undefined })
const longMs = 600_000

describe.skipIf(!there)("leases in a database", () => {
  const server = useServer()

  test(
    "a lease that one store granted and another keeps alive is ended by neither, and by both when nobody does",
    live(() =>
      Effect.gen(function* () {
        const url = server().url
        const schema = freshSchema("shared")
        const [one, other] = yield* Effect.all([open({ url, schema }), open({ url, schema })])
        // On a machine that is too slow to keep it alive in time, another one is tried.
        const keep = Effect.gen(function* () {
          const lease = yield* one!.leases.grant(1_000)
          yield* one!.commit([{ key: `/k/${lease}`, value: "1", lease }])
          const begun = performance.now()
          for (let since = begun; since < begun + 2_500; ) {
            const asked = performance.now()
            const answer = yield* Effect.result(other!.leases.keepAlive(lease))
            if (performance.now() - since >= 1_000) return undefined
            expect(answer._tag).toBe("Success")
            since = asked
            yield* Effect.sleep(50)
          }
          return lease
        })
        let kept: bigint | undefined
        for (let attempts = 0; kept === undefined; attempts++) {
          expect(attempts).toBeLessThan(10)
          kept = yield* keep
        }
        const key = `/k/${kept}`
        const gone = yield* one!.watch({ prefix: key }, 1n).pipe(
          Stream.takeUntil(([change]) => change?.value === undefined),
          Stream.runCollect,
          Effect.timeout("20 seconds")
        )
        // Written once, deleted once, whoever did it.
        expect(gone.map(([change]) => change?.value)).toEqual(["1", undefined])
        expect(yield* other!.leases.find(kept)).toBeUndefined()
      })
    )
  )

  test(
    "a revocation whose process died in the middle is finished by the next store",
    live(() =>
      Effect.gen(function* () {
        const url = server().url
        const schema = freshSchema("halfway")
        const sql = yield* adminOf(url)
        const [lease, last] = yield* Effect.scoped(
          Effect.gen(function* () {
            const store = yield* open({ url, schema })
            const lease = yield* store.leases.grant(longMs)
            const last = yield* store.commit(["/a", "/b"].map((key) => ({ key, value: "1", lease })))
            return [lease, last] as const
          })
        )
        yield* ask(sql, `update ${schema}.lease set ending = true where id = ${lease}`)
        const store = yield* open({ url, schema })
        const seen = yield* store
          .watch({ prefix: "" }, last)
          .pipe(Stream.take(1), Stream.runCollect, Effect.timeout("20 seconds"))
        expect(seen.flat().map(({ key, value }) => [key, value])).toEqual([
          ["/a", undefined],
          ["/b", undefined]
        ])
      })
    )
  )

  test(
    "what is known of keys that live by no lease any more is cleared away, and nothing else",
    live(() =>
      Effect.gen(function* () {
        const url = server().url
        const schema = freshSchema("swept")
        const sql = yield* adminOf(url)
        const store = yield* open({ url, schema })
        const lease = yield* store.leases.grant(longMs)
        yield* store.commit(["/deleted", "/freed", "/held"].map((key) => ({ key, value: "1", lease })))
        yield* store.commit([{ key: "/timed", value: "1", ttlMs: longMs }])
        yield* store.commit([{ key: "/deleted", value: undefined }])
        yield* store.commit([{ key: "/freed", value: "2" }])
        const address = addressOf(url)
        if (address instanceof StoreError) return yield* address
        yield* leaseTable(yield* connect(address), schema).sweep
        expect(yield* ask(sql, `select key from ${schema}.expiry order by key`)).toEqual([["/held"], ["/timed"]])
        expect((yield* store.leases.find(lease))?.keys).toEqual(["/held"])
      })
    )
  )

  test(
    "who keeps a key alive while it is written anew never takes the new deadline away",
    live(() =>
      Effect.gen(function* () {
        const url = server().url
        const schema = freshSchema("renewed")
        const [one, other] = yield* Effect.all([open({ url, schema }), open({ url, schema })])
        for (let round = 0; round < 60; round++) {
          const key = `/k/${round}`
          const created = yield* one!.commit([{ key, value: "1", ttlMs: longMs }])
          const [, kept] = yield* Effect.all(
            [one!.commit([{ key, value: "2", ttlMs: 150 }]), Effect.result(other!.keepAlive(key, created, longMs))],
            { concurrency: "unbounded" }
          )
          if (kept._tag === "Failure") expect(kept.failure._tag).toBe("Conflict")
        }
        while ((yield* one!.count({ prefix: "/k/" })) > 0) yield* Effect.sleep(20)
      })
    )
  )
})
