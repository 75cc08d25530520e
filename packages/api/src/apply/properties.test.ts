import { describe, expect, test } from "bun:test"
import { applyDefaults } from "../defaults/apply.ts"
import type { KubernetesObject } from "../resource.ts"
import { StatusError } from "../status.ts"
import { type Pod, pods } from "../types/core-v1.ts"
import { applyPatch } from "./apply.ts"
import { compare } from "./compare.ts"
import { difference, has, intersection, union } from "./field-set.ts"
import { parseFieldsV1, printFieldsV1 } from "./fields-v1.ts"
import { merge } from "./merge.ts"
import { ownedFields } from "./owned.ts"
import { shapeOf } from "./shape.ts"
import { trackUpdate } from "./track.ts"

const now = "2026-01-01T00:00:00Z"
const shape = shapeOf(pods.schema)

/** Whole numbers below a bound, the same ones for the same seed. */
const random = (seed: number): ((below: number) => number) => {
  let state = seed * 2654435761 + 1
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) | 0
    return ((state ^ (state >>> 13)) >>> 0) % below
  }
}

/** A pod with every way of owning: granular and atomic maps, sets, lists by one key, by two, by one inside the other, atomic lists and structs. */
const randomPod = (next: (below: number) => number): Pod => {
  const some = <T>(items: ReadonlyArray<T>): ReadonlyArray<T> => items.filter(() => next(2) === 0)
  const maybe = (name: string, value: unknown): object =>
    next(2) === 0 && Object.keys(value as object).length > 0 ? { [name]: value } : {}
  const value = (): string => `v${next(3)}`
  const map = (): object => Object.fromEntries(some(["a", "b", "c"]).map((key) => [key, value()]))
  const ports = (): ReadonlyArray<object> =>
    some([80, 81]).flatMap((containerPort) =>
      some([{}, { protocol: "UDP" }]).map((how) => ({ containerPort, ...how, ...maybe("name", value()) }))
    )
  const container = (name: string): object => ({
    name,
    ...maybe("image", value()),
    ...maybe("args", some(["x", "y"])),
    ...maybe("ports", ports()),
    ...maybe(
      "env",
      some(["A", "B"]).map((key) => ({ name: key, value: value() }))
    )
  })
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", ...maybe("labels", map()), ...maybe("finalizers", some(["f/1", "f/2", "f/3"])) },
    spec: {
      ...maybe("containers", some(["one", "two", "three"]).map(container)),
      ...maybe("nodeSelector", map()),
      ...maybe(
        "tolerations",
        some(["t", "u"]).map((key) => ({ key }))
      ),
      ...maybe("hostname", value())
    }
  } as Pod
}

const apply = (live: Pod | undefined, applied: Pod, manager: string, force = true): Pod =>
  applyPatch({ kind: pods, live, applied, manager, force, now })

const fieldsOf = (object: KubernetesObject, manager: string) =>
  parseFieldsV1(object.metadata?.managedFields?.find((entry) => entry.manager === manager)?.fieldsV1 ?? {})

const rounds = 300

describe("whatever is applied", () => {
  test("is in the object, and owned; the same again changes nothing", () => {
    for (let seed = 0; seed < rounds; seed++) {
      const next = random(seed)
      let live: Pod | undefined
      for (let step = 0; step < 6; step++) {
        const applied = randomPod(next)
        const manager = `m${next(3)}`
        live = apply(live, applied, manager)
        // Merging it again may only change the order of lists.
        const { added, modified, removed } = compare(live, merge(live, applied, shape), shape)
        expect([added.size, modified.size, removed.size]).toEqual([0, 0, 0])
        expect(apply(live, applied, manager, false)).toBe(live)
      }
    }
  })

  test("conflicts exactly when force would take something from somebody", () => {
    for (let seed = 0; seed < rounds; seed++) {
      const next = random(seed)
      const before = apply(apply(undefined, randomPod(next), "a"), randomPod(next), "b")
      const applied = randomPod(next)
      const forced = apply(before, applied, "c")
      const taken = ["a", "b"].some((manager) => {
        const lost = difference(fieldsOf(before, manager), fieldsOf(forced, manager))
        return intersection(lost, fieldsOf(forced, "c")).size > 0
      })
      let refused = false
      try {
        apply(before, applied, "c", false)
      } catch (error) {
        if (!(error instanceof StatusError)) throw error
        refused = error.code === 409
      }
      expect(refused).toBe(taken)
    }
  })

  test("is gone when all who applied it give it up", () => {
    for (let seed = 0; seed < rounds; seed++) {
      const next = random(seed)
      const nothing: Pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" } }
      let live = apply(undefined, { ...nothing, metadata: { name: "p", annotations: { base: "1" } } }, "base")
      const bare = live
      for (let step = 0; step < 5; step++) live = apply(live, randomPod(next), `m${next(3)}`)
      for (const manager of ["m0", "m1", "m2"]) live = apply(live, nothing, manager)
      expect(live).toEqual(bare)
    }
  })

  test("stays as long as one of its owners applies it", () => {
    for (let seed = 0; seed < rounds; seed++) {
      const next = random(seed)
      const shared = randomPod(next)
      const nothing: Pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" } }
      const both = apply(apply(undefined, shared, "a"), shared, "b")
      expect(compare(apply(both, nothing, "a"), { ...both, metadata: { ...both.metadata } }, shape).removed.size).toBe(0)
      const fields = fieldsOf(apply(both, nothing, "a"), "b")
      expect(printFieldsV1(fields)).toEqual(printFieldsV1(fieldsOf(both, "b")))
    }
  })
})

describe("comparing", () => {
  test("there and back is each other's opposite, and nothing for the same", () => {
    for (let seed = 0; seed < rounds; seed++) {
      const next = random(seed)
      const [a, b] = [randomPod(next), randomPod(next)]
      const forth = compare(a, b, shape)
      const back = compare(b, a, shape)
      expect(printFieldsV1(forth.added)).toEqual(printFieldsV1(back.removed))
      expect(printFieldsV1(forth.modified)).toEqual(printFieldsV1(back.modified))
      expect(compare(a, structuredClone(a), shape).added.size).toBe(0)
    }
  })

  test("an update owns all that changed, and others nothing of it", () => {
    for (let seed = 0; seed < rounds; seed++) {
      const next = random(seed)
      const before = trackUpdate({ kind: pods, before: undefined, after: applyDefaults(randomPod(next)), manager: "a", now })
      const wanted = applyDefaults(randomPod(next))
      const after = trackUpdate({ kind: pods, before, after: wanted, manager: "b", now })
      const { added, modified } = compare({ ...before, metadata: { name: "p" } }, { ...wanted, metadata: { name: "p" } }, shape)
      if (before.metadata?.managedFields === undefined) continue
      const changed = union(added, modified)
      expect(difference(changed, fieldsOf(after, "b")).size).toBe(0)
      expect(intersection(changed, fieldsOf(after, "a")).size).toBe(0)
    }
  })

  test("the owner of a whole object owns its leaves", () => {
    const fields = ownedFields({ spec: { hostname: "x", containers: [{ name: "c" }] } }, shape)
    expect(has(fields, ["f:spec", "f:containers", 'k:{"name":"c"}', "f:name"])).toBe(true)
    expect(has(fields, ["f:spec"])).toBe(false)
  })
})

test("what tracking costs", () => {
  const conditions = ["Ready", "ContainersReady", "Initialized", "PodScheduled"].map((type) => ({
    type,
    status: "True" as const,
    lastTransitionTime: now
  }))
  const container = (name: string): object => ({
    name,
    image: "registry.example.com/some/image:1.2.3",
    ports: [{ containerPort: 80, protocol: "TCP" }],
    env: [{ name: "A", value: "1" }],
    resources: { requests: { cpu: "1", memory: "1Gi" } }
  })
  const spec = { nodeName: "n", containers: [container("one"), container("two")] }
  const created = trackUpdate({
    kind: pods,
    before: undefined,
    after: applyDefaults({ apiVersion: "v1", kind: "Pod", metadata: { name: "p", labels: { app: "p" } }, spec } as Pod),
    manager: "kubectl",
    now
  })
  const running = { ...created, status: { phase: "Running", podIP: "10.0.0.1", conditions } } as Pod
  const write = (before: Pod, after: Pod): Pod =>
    trackUpdate({ kind: pods, before, after, manager: "kubelet", subresource: "status", now })
  const before = write(created, running)
  const failing = {
    ...before,
    status: { ...before.status, conditions: conditions.map((each) => ({ ...each, status: "False" })) }
  }
  const text = JSON.stringify(failing)
  const after: Pod = JSON.parse(text)
  const time = (name: string, call: () => unknown): void => {
    for (let i = 0; i < 500; i++) call()
    const start = performance.now()
    for (let i = 0; i < 1000; i++) call()
    console.log(`${name}: ${(performance.now() - start).toFixed(1)} µs (${text.length} bytes)`)
  }
  time("compare, four conditions changed", () => compare(before, after, shape))
  time("trackUpdate, four conditions changed", () => write(before, after))
  time("trackUpdate, nothing changed", () => write(before, before))
  time("trackUpdate, create", () => trackUpdate({ kind: pods, before: undefined, after: running, manager: "kubectl", now }))
  time("applyPatch, nothing changed", () =>
    applyPatch({ kind: pods, live: before, applied: { apiVersion: "v1", kind: "Pod" }, manager: "x", now })
  )
})
