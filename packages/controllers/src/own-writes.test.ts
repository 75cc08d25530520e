/** The newest version of an object, whoever has it. */
import { expect, test } from "bun:test"
import type { KubernetesObject } from "@tsukube/api"
import { ownWrites } from "./own-writes.ts"

const version = (resourceVersion: string, uid = "u"): KubernetesObject => ({
  metadata: { namespace: "default", name: "a", uid, resourceVersion }
})
const key = "default/a"

/** A cache that shows what it is told. */
const caching = () => {
  let shown: KubernetesObject | undefined
  const show = (object: KubernetesObject | undefined) => {
    shown = object
  }
  return { newest: ownWrites<KubernetesObject>({ get: () => shown }), show }
}

test("what was written counts until the cache shows it, or something newer", () => {
  const { newest, show } = caching()
  show(version("9"))
  newest.wrote(version("10"))
  expect(newest.get(key)).toEqual(version("10"))
  show(version("10"))
  expect(newest.get(key)).toEqual(version("10"))
  newest.wrote(version("11"))
  show(version("12"))
  expect(newest.get(key)).toEqual(version("12"))
})

test("what is gone stays gone, and another of the same name is another", () => {
  const { newest, show } = caching()
  show(version("9"))
  newest.wrote(version("10"))
  show(undefined)
  expect(newest.get(key)).toBeUndefined()
  newest.wrote(version("10"))
  show(version("5", "other"))
  expect(newest.get(key)).toEqual(version("5", "other"))
})
