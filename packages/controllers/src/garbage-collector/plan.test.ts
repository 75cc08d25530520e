/** What the collector decides, and what it remembers. @module */
import { describe, expect, test } from "bun:test"
import { findResource, type KubernetesObject, type Resource, resources } from "@tsukube/api"
import { collectable, foregroundFinalizer, type GraphNode, OwnerGraph, orphanFinalizer } from "./graph.ts"
import { judge, type OwnerState } from "./plan.ts"

const pods = findResource("", "v1", "pods") as Resource
const reference = (uid: string, blockOwnerDeletion = true) => ({
  apiVersion: "v1",
  kind: "Pod",
  name: uid,
  uid,
  blockOwnerDeletion
})
const object = (uid: string, owners: ReadonlyArray<string> = [], finalizers: ReadonlyArray<string> = []): KubernetesObject => ({
  metadata: {
    uid,
    name: uid,
    namespace: "default",
    ownerReferences: owners.map((owner) => reference(owner)),
    finalizers,
    ...(finalizers.length > 0 ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {})
  }
})

const verdict = (states: ReadonlyArray<OwnerState>, hasDependents = false, finalizers: ReadonlyArray<string> = []) => {
  const node: GraphNode = { uid: "x", resource: pods, namespace: "default", name: "x", owners: [], deleting: false, finalizers }
  return judge(
    node,
    states.map((state, index) => ({ reference: reference(`o${index}`), state })),
    hasDependents
  )
}

describe("the verdict", () => {
  test("an object goes only when no owner is left", () => {
    expect(verdict(["solid", "solid"])).toEqual({ type: "keep" })
    expect(verdict(["unknown"])).toEqual({ type: "keep" })
    expect(verdict(["absent"])).toEqual({ type: "delete", policy: "Background" })
    expect(verdict(["absent", "solid"])).toMatchObject({ type: "release", owners: [{ uid: "o0" }] })
    expect(verdict(["absent", "unknown"])).toMatchObject({ type: "release" })
  })

  test("the policy follows the owner's deletion, or what was asked of the object itself", () => {
    expect(verdict(["waiting"], true)).toEqual({ type: "delete", policy: "Foreground" })
    expect(verdict(["waiting"], false)).toEqual({ type: "delete", policy: "Background" })
    expect(verdict(["absent"], false, [orphanFinalizer])).toEqual({ type: "delete", policy: "Orphan" })
    expect(verdict(["absent"], false, [foregroundFinalizer])).toEqual({ type: "delete", policy: "Foreground" })
  })
})

describe("the graph", () => {
  test("an owner's end is work for its dependents, a blocker's end for its waiting owner", () => {
    const graph = new OwnerGraph()
    graph.set(object("owner"), pods)
    expect(graph.set(object("child", ["owner"]), pods)).toEqual(["child"])
    expect(graph.set(object("owner", [], [foregroundFinalizer]), pods)).toContain("owner")
    expect(graph.blockersOf("owner").map(({ uid }) => uid)).toEqual(["child"])
    expect(graph.remove("child")).toEqual(["owner"])
    expect(graph.blockersOf("owner")).toEqual([])
    graph.set(object("child", ["owner"]), pods)
    expect(graph.remove("owner")).toEqual(["child"])
  })

  test("an owner that is seen after its dependents settles them", () => {
    const graph = new OwnerGraph()
    graph.set(object("child", ["owner"]), pods)
    expect(graph.set(object("owner"), pods)).toEqual(["child"])
    expect(graph.set(object("owner"), pods)).toEqual([])
  })

  test("letting go of a waiting owner lets that owner go on", () => {
    const graph = new OwnerGraph()
    graph.set(object("owner", [], [foregroundFinalizer]), pods)
    graph.set(object("child", ["owner"]), pods)
    expect(graph.set(object("child"), pods)).toEqual(["owner"])
    expect(graph.dependentsOf("owner")).toEqual([])
  })

  test("holds every resource once, and no events", () => {
    const names = collectable(resources).map(({ group, plural }) => `${plural}.${group}`)
    expect(new Set(names).size).toBe(names.length)
    expect(names).toContain("pods.")
    expect(names.some((name) => name.startsWith("events."))).toBe(false)
  })
})
