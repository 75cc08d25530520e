import { expect, test } from "bun:test"
import { leases } from "@tsukube/api/coordination-v1"
import { Apiserver, layer as layerApiserver } from "@tsukube/apiserver"
import { type Fetch, makeClient } from "@tsukube/client"
import { layerMemory } from "@tsukube/store"
import { eventually, live } from "@tsukube/testing"
import { Context, Effect, Fiber, Layer, Logger, Result } from "effect"
import { leaderElection } from "./leader.ts"

const apiserver = Effect.map(Layer.build(layerApiserver().pipe(Layer.provide(layerMemory))), (context) =>
  Context.get(context, Apiserver).fetchAs({ name: "admin", groups: ["system:masters", "system:authenticated"] })
)

const lease = { namespace: "kube-system", name: "test" }
const quick = { leaseDurationMs: 1000, renewDeadlineMs: 600, retryPeriodMs: 100 }
const wait = (probe: () => boolean) => Effect.promise(() => eventually(probe))

/** A candidate that notes when it leads and goes on until it is interrupted. */
const candidate = (fetch: Fetch, identity: string, leading: Set<string>) =>
  leaderElection({ client: makeClient(fetch), lease, identity, ...quick })(
    Effect.acquireUseRelease(
      Effect.sync(() => void leading.add(identity)),
      () => Effect.never,
      () => Effect.sync(() => void leading.delete(identity))
    )
  )

test(
  "one of two leads; when it stops the lease is given back and the other one leads at once",
  live(() =>
    Effect.gen(function* () {
      const fetch = yield* apiserver
      const leading = new Set<string>()
      const first = yield* Effect.forkChild(candidate(fetch, "first", leading))
      yield* wait(() => leading.has("first"))
      const held = yield* makeClient(fetch).get(leases, lease)
      expect(held.spec).toMatchObject({ holderIdentity: "first", leaseDurationSeconds: 1, leaseTransitions: 0 })
      expect(held.spec?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)

      const second = yield* Effect.forkChild(candidate(fetch, "second", leading))
      // Long enough for several renewals: the first stays the leader.
      const renewals = new Set<string | undefined>()
      yield* Effect.promise(() =>
        eventually(async () => {
          renewals.add((await Effect.runPromise(makeClient(fetch).get(leases, lease))).spec?.renewTime)
          expect([...leading]).toEqual(["first"])
          return renewals.size > 4
        })
      )
      yield* Fiber.interrupt(first)
      expect(leading.has("first")).toBe(false)
      yield* wait(() => leading.has("second"))
      expect((yield* makeClient(fetch).get(leases, lease)).spec).toMatchObject({ holderIdentity: "second", leaseTransitions: 1 })
      yield* Fiber.interrupt(second)
      expect((yield* makeClient(fetch).get(leases, lease)).spec?.holderIdentity ?? "").toBe("")
    })
  )
)

test(
  "a leader that cannot renew is interrupted before anybody else leads, and fails with LeadershipLost",
  live(() =>
    Effect.gen(function* () {
      const fetch = yield* apiserver
      const leading = new Set<string>()
      let cut = false
      const cuttable: Fetch = (request) => (cut ? Promise.reject(new Error("the line is cut")) : fetch(request))
      const first = yield* Effect.forkChild(Effect.result(candidate(cuttable, "first", leading)))
      yield* wait(() => leading.has("first"))
      const second = yield* Effect.forkChild(candidate(fetch, "second", leading))
      cut = true
      let most = 0
      yield* wait(() => {
        most = Math.max(most, leading.size)
        return leading.has("second")
      })
      expect(most).toBe(1)
      const result = yield* Fiber.join(first)
      expect(Result.isFailure(result) && result.failure).toMatchObject({ _tag: "LeadershipLost", identity: "first" })
      yield* Fiber.interrupt(second)
    }).pipe(Effect.provide(Logger.layer([])))
  )
)

test(
  "the body's own end and failure are the election's, and impossible times are refused",
  live(() =>
    Effect.gen(function* () {
      const client = makeClient(yield* apiserver)
      const elect = leaderElection({ client, lease, identity: "me", ...quick })
      expect(yield* elect(Effect.succeed("done"))).toBe("done")
      expect(yield* Effect.flip(elect(Effect.fail("no luck")))).toBe("no luck")
      const impossible = leaderElection({ client, lease, identity: "me", leaseDurationMs: 5000, renewDeadlineMs: 5000 })
      expect(String(yield* Effect.exit(impossible(Effect.void)))).toContain(
        "leaseDurationMs must be greater than renewDeadlineMs"
      )
    })
  )
)
