import { expect, test } from "bun:test"
import type { Pod } from "@tsukube/api/core-v1"
import { keyOf } from "./client.ts"
import { type InformerEvent, ObjectCache } from "./object-cache.ts"

const randomFrom = (seed: number) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 32
}

const podOf = (name: string, uid: number, revision: number, node: string): Pod => ({
  metadata: { namespace: "default", name, uid: `uid-${uid}`, resourceVersion: String(revision), labels: { uid: `uid-${uid}` } },
  spec: { nodeName: node, containers: [] }
})

const uidOf = (pod: Pod | undefined) => pod?.metadata?.uid ?? ""
const revisionOf = (pod: Pod) => pod.metadata?.resourceVersion ?? ""
const byNode = (pod: Pod) => [pod.spec?.nodeName ?? ""]

test("an index gives the objects of a value, before and after changes, and is built from what is there already", () => {
  const cache = new ObjectCache<Pod>()
  const ignore = () => {}
  cache.set(podOf("a", 1, 1, "n1"), ignore)
  cache.set(podOf("b", 2, 2, "n1"), ignore)
  const names = (node: string) => cache.byIndex(byNode, node).map((pod) => pod.metadata?.name)
  expect(names("n1")).toEqual(["a", "b"])
  cache.set(podOf("a", 1, 3, "n2"), ignore)
  expect(names("n1")).toEqual(["b"])
  expect(names("n2")).toEqual(["a"])
  cache.delete("default/a", ignore)
  expect(names("n2")).toEqual([])
})

test("an object of the same name with another uid is a Delete of the old one and an Add", () => {
  const cache = new ObjectCache<Pod>()
  const seen: Array<string> = []
  const note = (event: InformerEvent<Pod>) => void seen.push(`${event.type} ${event.object.metadata?.uid}`)
  cache.set(podOf("a", 1, 1, "n1"), note)
  cache.replace([podOf("a", 2, 5, "n1")], note)
  expect(seen).toEqual(["Add uid-1", "Delete uid-1", "Add uid-2"])
})

test("a relist that brings the same revision says nothing", () => {
  const cache = new ObjectCache<Pod>()
  let events = 0
  cache.set(podOf("a", 1, 1, "n1"), () => events++)
  cache.replace([podOf("a", 1, 1, "n1")], () => events++)
  expect(events).toBe(1)
})

/**
 * A server's history is made up at random; the cache follows it with gaps, each closed by a list, as an informer does whose
 * watch breaks. Whatever the interleaving, the events must retell a possible story that ends in the server's state.
 */
test("property: events of one object alternate correctly and lead to the server's state, whatever was missed", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = randomFrom(seed)
    const server = new Map<string, Pod>()
    const cache = new ObjectCache<Pod>()
    // What somebody knows who has only heard the events.
    const heard = new Map<string, Pod>()
    const hear = (event: InformerEvent<Pod>) => {
      const key = keyOf(event.object)
      if (event.type === "Add") expect(heard.has(key)).toBe(false)
      else expect(uidOf(heard.get(key))).toBe(uidOf(event.object))
      if (event.type === "Update") {
        expect(event.previous).toBe(heard.get(key)!)
        expect(revisionOf(event.object)).not.toBe(revisionOf(event.previous))
      }
      if (event.type === "Delete") heard.delete(key)
      else heard.set(key, event.object)
      // A handler that looks into the cache finds the event's own state.
      expect(cache.get(key)).toBe(heard.get(key)!)
    }
    let revision = 0
    let watching = false
    for (let step = 0; step < 80; step++) {
      const key = `default/p${Math.floor(random() * 4)}`
      const name = key.slice("default/".length)
      const node = `n${Math.floor(random() * 3)}`
      const before = server.get(key)
      revision++
      if (before === undefined) server.set(key, podOf(name, revision, revision, node))
      else if (random() < 0.4) server.delete(key)
      else server.set(key, podOf(name, Number(before.metadata?.uid?.slice(4)), revision, node))
      const now = server.get(key)
      if (watching && now !== undefined) cache.set(now, hear)
      else if (watching) cache.delete(key, hear, before)
      if (random() < 0.15) watching = false
      else if (!watching && random() < 0.3) {
        cache.replace([...server.values()], hear)
        watching = true
      }
    }
    cache.replace([...server.values()], hear)
    expect(new Map([...heard].sort())).toEqual(new Map([...server].sort()))
    expect([...cache.list()].map(keyOf).sort()).toEqual([...server.keys()].sort())
    for (const node of ["n0", "n1", "n2"]) {
      const wanted = [...server.values()].filter((pod) => pod.spec?.nodeName === node).map(keyOf)
      expect(cache.byIndex(byNode, node).map(keyOf).sort()).toEqual(wanted.sort())
    }
  }
})
