import { describe, expect, test } from "bun:test"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "@tsukube/api/core-v1"
import { Effect } from "effect"
import { volumeMountsOf } from "../container-spec.ts"
import { boundVolume, claimNameOf, persistentPathOf } from "./persistent.ts"

const claim: PersistentVolumeClaim = {
  metadata: { name: "data", uid: "u" },
  spec: { volumeName: "disk" },
  status: { phase: "Bound" }
}
const volume: PersistentVolume = { metadata: { name: "disk" }, spec: { claimRef: { name: "data", uid: "u" } } }

describe("the volume behind a claim", () => {
  const cases: ReadonlyArray<
    readonly [what: string, claim: PersistentVolumeClaim | undefined, volume: PersistentVolume | undefined, answer: string]
  > = [
    ["is the one it is bound to", claim, volume, "disk"],
    ["is missing with the claim", undefined, volume, 'persistentvolumeclaim "data" not found'],
    ["is waited for", { ...claim, status: { phase: "Pending" } }, volume, "PVC is not bound"],
    ["may be gone", claim, undefined, 'persistentvolume "disk" not found'],
    [
      "may be another's",
      claim,
      { ...volume, spec: { claimRef: { name: "data", uid: "x" } } },
      "PV disk is bound to another claim"
    ]
  ]
  test.each(cases)("%s", async (_, found, behind, answer) => {
    const objects = { claim: () => Effect.succeed(found), persistentVolume: () => Effect.succeed(behind) }
    const result = await Effect.runPromise(Effect.result(boundVolume("data", objects)))
    expect(result._tag === "Success" ? result.success.metadata?.name : result.failure.message).toBe(answer)
  })
})

test("a place on the node is made or must be there, and other kinds say what they are", () => {
  const folder = mkdtempSync(join(tmpdir(), "tsukube-persistent-"))
  const path = join(folder, "a")
  expect(() => persistentPathOf({ spec: { local: { path } } })).toThrow(`path "${path}" does not exist or is not a directory`)
  expect(persistentPathOf({ spec: { hostPath: { path }, capacity: { storage: "1Gi" } } })).toBe(path)
  expect(existsSync(path)).toBe(true)
  expect(persistentPathOf({ spec: { local: { path } } })).toBe(path)
  expect(() => persistentPathOf({ spec: { accessModes: [], nfs: { server: "a", path: "/" } } })).toThrow("type nfs")
  expect(() => persistentPathOf({ spec: { volumeMode: "Block", hostPath: { path } } })).toThrow("block volumes")
  rmSync(folder, { recursive: true })
})

test("a claim that is only read is mounted so, and one made for the pod is called after it", () => {
  const volumes = [
    { name: "a", persistentVolumeClaim: { claimName: "data", readOnly: true } },
    { name: "b", ephemeral: {} }
  ]
  const container = {
    name: "c",
    volumeMounts: [
      { name: "a", mountPath: "/a" },
      { name: "b", mountPath: "/b" }
    ]
  }
  const pod: Pod = { metadata: { name: "web" }, spec: { containers: [container], volumes } }
  expect(volumes.map((one) => claimNameOf(pod, one))).toEqual(["data", "web-b"])
  const paths = new Map([
    ["a", "/here/a"],
    ["b", "/here/b"]
  ])
  expect(volumeMountsOf(pod, container, paths, new Map()).map(({ readOnly }) => readOnly)).toEqual([true, false])
})
