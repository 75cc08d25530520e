/** Between the decision and the node: permission that is given, denied, waited for or comes too late, and what fails after it. @module */
import { describe, expect, test } from "bun:test"
import { effect } from "@tsukube/testing"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { bind } from "./bind.ts"
import { definePlugin, type Permission, type Plugin } from "./plugin.ts"
import { podInfo } from "./pod-info.ts"
import { Snapshot } from "./snapshot.ts"
import { pod } from "./testing/cases.ts"

const handle = { snapshot: new Snapshot(), run: Effect.runPromise }
const permitting = (name: string, permission: Permission): Plugin => definePlugin({ name, permit: () => permission })
/** Notes what was done, and binds. */
const binding = (calls: Array<string>, more: Partial<Plugin> = {}): Plugin =>
  definePlugin({
    name: "Binder",
    preBind: async () => {
      calls.push("preBind")
    },
    bind: async () => calls.push("bind") > 0,
    postBind: () => calls.push("postBind"),
    ...more
  })
/** What was done, and how it ended. */
const bound = (...plugins: ReadonlyArray<(calls: Array<string>) => Plugin>) => {
  const calls: Array<string> = []
  const info = podInfo(pod("p"))
  return bind(
    plugins.map((make) => make(calls)),
    info,
    "a",
    handle
  ).pipe(
    Effect.result,
    Effect.map((result) =>
      result._tag === "Success" ? calls.join(" ") : `${calls.join(" ")} ${result.failure._tag}: ${result.failure.message}`.trim()
    )
  )
}

describe("permission", () => {
  const all = "preBind bind postBind"
  const cases: ReadonlyArray<readonly [name: string, permissions: () => ReadonlyArray<Permission>, expected: string]> = [
    ["nobody asked", () => [], all],
    ["given", () => [{ allow: true }], all],
    ["denied: nothing else is done", () => [{ deny: "not yet" }], "NotPermitted: not yet"],
    ["one denies after another has given it", () => [{ allow: true }, { deny: "no" }], "NotPermitted: no"],
    ["waited for and given", () => [{ wait: Promise.resolve(true), timeoutMs: 1000 }], all],
    [
      "waited for and denied",
      () => [{ wait: Promise.resolve(false), timeoutMs: 1000 }],
      "NotPermitted: rejected while waiting for permission"
    ],
    ["waiting fails", () => [{ wait: Promise.reject(new Error("gone")), timeoutMs: 1000 }], "NotPermitted: Error: gone"]
  ]
  for (const [name, permissions, expected] of cases)
    test(
      name,
      effect(() =>
        Effect.gen(function* () {
          const plugins = permissions().map((permission, index) => () => permitting(`Gate${index}`, permission))
          expect(yield* bound(...plugins, binding)).toBe(expected)
        })
      )
    )

  test(
    "comes too late",
    effect(() =>
      Effect.gen(function* () {
        const never = new Promise<boolean>(() => {})
        const fiber = yield* Effect.forkChild(bound(() => permitting("Gate", { wait: never, timeoutMs: 60_000 }), binding))
        yield* TestClock.adjust("59 seconds")
        expect(fiber.pollUnsafe()).toBeUndefined()
        yield* TestClock.adjust("1 seconds")
        expect(yield* Fiber.join(fiber)).toBe("NotPermitted: rejected due to timeout after waiting 60000ms")
      })
    )
  )

  test(
    "the pod goes on as soon as the last one has given it",
    effect(() =>
      Effect.gen(function* () {
        const { promise, resolve } = Promise.withResolvers<boolean>()
        const fiber = yield* Effect.forkChild(bound(() => permitting("Gate", { wait: promise, timeoutMs: 60_000 }), binding))
        yield* TestClock.adjust("59 seconds")
        resolve(true)
        expect(yield* Fiber.join(fiber)).toBe(all)
      })
    )
  )
})

describe("what fails afterwards", () => {
  const failing = (what: string) => async () => Promise.reject(new Error(what))
  const cases: ReadonlyArray<
    readonly [name: string, plugins: ReadonlyArray<(calls: Array<string>) => Plugin>, expected: string]
  > = [
    [
      "preparation: the pod is not bound",
      [(calls) => binding(calls, { preBind: failing("no volume") })],
      'BindFailed: running PreBind plugin "Binder": no volume'
    ],
    [
      "binding: nobody is told that it was done",
      [(calls) => binding(calls, { bind: failing("no server") })],
      'preBind BindFailed: running Bind plugin "Binder": no server'
    ],
    ["nobody binds", [(calls) => binding(calls, { bind: async () => false })], "preBind BindFailed: no plugin bound the pod"],
    [
      "one leaves it to the next",
      [() => definePlugin({ name: "Shy", bind: async () => false }), binding],
      "preBind bind postBind"
    ]
  ]
  for (const [name, plugins, expected] of cases)
    test(
      name,
      effect(() =>
        Effect.gen(function* () {
          expect(yield* bound(...plugins)).toBe(expected)
        })
      )
    )
})
