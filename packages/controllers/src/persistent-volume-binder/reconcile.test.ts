/** Claims and volumes against a real API server in memory. @module */
import { expect, test } from "bun:test"
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentvolumeclaims,
  persistentvolumes
} from "@tsukube/api/core-v1"
import { live } from "@tsukube/testing"
import { Effect } from "effect"
import { runControllers } from "../run.ts"
import { eventually, startCluster } from "../testing/cluster.ts"

const namespace = "default"
const only = [
  "persistentvolume-binder-controller",
  "persistentvolumeclaim-protection-controller",
  "persistentvolume-protection-controller"
]
const volume = (name: string, storage: string): PersistentVolume => ({
  metadata: { name },
  spec: { capacity: { storage }, accessModes: ["ReadWriteOnce"], hostPath: { path: `/volumes/${name}` } }
})
const claim = (name: string, storage: string): PersistentVolumeClaim => ({
  metadata: { namespace, name },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } }
})

test(
  "claims and volumes find each other whoever comes first, and a volume outlives its claim",
  live(() =>
    Effect.gen(function* () {
      const { client, informers } = yield* startCluster
      yield* runControllers(client, informers, { only })
      const getClaim = (name: string) => client.get(persistentvolumeclaims, { namespace, name })
      const getVolume = (name: string) => client.get(persistentvolumes, { name })
      yield* client.create(persistentvolumes, volume("small", "1Gi"))
      yield* eventually("free", getVolume("small"), ({ status }) => status?.phase === "Available")
      yield* client.create(persistentvolumeclaims, claim("one", "500Mi"))
      const one = yield* eventually("bound", getClaim("one"), ({ status }) => status?.phase === "Bound")
      expect(one.spec?.volumeName).toBe("small")
      expect(one.status).toMatchObject({ accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" } })
      expect(one.metadata?.annotations).toMatchObject({
        "pv.kubernetes.io/bind-completed": "yes",
        "pv.kubernetes.io/bound-by-controller": "yes"
      })
      const small = yield* eventually("bound, too", getVolume("small"), ({ status }) => status?.phase === "Bound")
      expect(small.spec?.claimRef).toMatchObject({ namespace, name: "one", uid: one.metadata?.uid })

      for (const name of ["two", "three"]) yield* client.create(persistentvolumeclaims, claim(name, "2Gi"))
      yield* eventually("waiting", getClaim("two"), ({ status }) => status?.phase === "Pending")
      for (const name of ["large", "larger"]) yield* client.create(persistentvolumes, volume(name, "2Gi"))
      const bound = [
        yield* eventually("two", getClaim("two"), ({ status }) => status?.phase === "Bound"),
        yield* eventually("three", getClaim("three"), ({ status }) => status?.phase === "Bound")
      ]
      expect(bound.map(({ spec }) => spec?.volumeName).sort()).toEqual(["large", "larger"])

      yield* client.delete(persistentvolumeclaims, { namespace, name: "one" })
      yield* eventually("released", getVolume("small"), ({ status }) => status?.phase === "Released")
      yield* client.patch(persistentvolumes, { name: "small" }, { type: "merge", body: { spec: { claimRef: null } } })
      yield* eventually("free again", getVolume("small"), ({ status }) => status?.phase === "Available")

      yield* client.delete(persistentvolumes, { name: "large" })
      const kept = yield* getVolume("large")
      expect(kept.metadata?.deletionTimestamp).toBeDefined()
      const before = [yield* getVolume("larger"), yield* getClaim("two")].map(({ metadata }) => metadata?.resourceVersion)
      yield* Effect.sleep("200 millis")
      const after = [yield* getVolume("larger"), yield* getClaim("two")].map(({ metadata }) => metadata?.resourceVersion)
      expect(after).toEqual(before)
    })
  )
)
