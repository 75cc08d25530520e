import { describe, expect, test } from "bun:test"
import type { StatefulSet, StatefulSetSpec, StatefulSetStatus } from "@tsukube/api/apps-v1"
import type { PersistentVolumeClaim, Pod } from "@tsukube/api/core-v1"
import { podOf } from "./identity.ts"
import { plan } from "./plan.ts"
import type { Situation } from "./situation.ts"
import { statusOf, untilNextAvailable } from "./status.ts"

const nowMs = Date.parse("2026-01-01T01:00:00Z")
const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "i" }] } }
const revisions = { old: { name: "web-old", template }, new: { name: "web-new", template } }

interface Given {
  readonly spec?: Partial<StatefulSetSpec>
  readonly status?: Partial<StatefulSetStatus>
  /** A number and then any of: old, unready, pending, failed, succeeded, ending, young (ready for ten seconds). */
  readonly pods: ReadonlyArray<string>
  readonly claims?: ReadonlyArray<PersistentVolumeClaim>
}

const setOf = ({ spec = {}, status }: Given): StatefulSet => ({
  metadata: { name: "web", namespace: "default", uid: "set", generation: 3 },
  spec: {
    replicas: 3,
    serviceName: "web",
    selector: { matchLabels: { app: "web" } },
    template,
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
    ...spec
  },
  ...(status === undefined ? {} : { status: { replicas: 0, ...status } })
})

const podFor = (set: StatefulSet, text: string): Pod => {
  const [ordinal = "", ...words] = text.split(" ")
  const is = (word: string): boolean => words.includes(word)
  const fresh = podOf(set, is("old") ? revisions.old : revisions.new, Number(ordinal))
  const phase = is("failed") ? "Failed" : is("succeeded") ? "Succeeded" : is("pending") ? "Pending" : "Running"
  const lastTransitionTime = is("young") ? "2026-01-01T00:59:50Z" : "2026-01-01T00:00:00Z"
  const ready = phase === "Running" && !is("unready")
  return {
    ...fresh,
    metadata: {
      ...fresh.metadata,
      uid: `uid-${ordinal}`,
      ...(is("ending") ? { deletionTimestamp: "2026-01-01T00:30:00Z" } : {})
    },
    status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime }] }
  }
}

const situation = (given: Given): Situation => {
  const set = setOf(given)
  const claims = new Map((given.claims ?? []).map((claim) => [claim.metadata?.name, claim]))
  return {
    set,
    current: revisions.old,
    update: revisions.new,
    pods: given.pods.map((text) => podFor(set, text)),
    claim: (name) => claims.get(name),
    nowMs
  }
}

/** Steps as `create 0, delete 2`, phases with a bar between them. */
const stepsOf = (given: Given): string =>
  plan(situation(given))
    .phases.map((steps) => steps.map(({ type, ordinal }) => `${type} ${ordinal}`).join(", "))
    .join(" | ")

const parallel = { podManagementPolicy: "Parallel" as const }
const rolling = (partition: number): Partial<StatefulSetSpec> => ({
  updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition } }
})
const onDelete: Partial<StatefulSetSpec> = { updateStrategy: { type: "OnDelete" } }

describe("in order", () => {
  const cases: ReadonlyArray<readonly [what: string, given: Given, steps: string]> = [
    ["the first pod comes first", { pods: [] }, "create 0"],
    ["the next one waits until it runs", { pods: ["0 pending"] }, ""],
    ["and is ready", { pods: ["0 unready"] }, ""],
    ["for long enough", { pods: ["0 young"], spec: { minReadySeconds: 30 } }, ""],
    ["and then comes", { pods: ["0"] }, "create 1"],
    ["one that is missing comes before those after it are looked at", { pods: ["0", "2 failed"] }, "create 1"],
    ["one that failed is replaced", { pods: ["0", "1 failed", "2"] }, "delete 1"],
    ["so is one that ended well", { pods: ["0 succeeded"] }, "delete 0"],
    ["one that is on its way out is waited for", { pods: ["0 ending", "1", "2"] }, ""],
    ["even when it has failed", { pods: ["0 failed ending"] }, ""],
    ["nothing is done when all is well", { pods: ["0", "1", "2"] }, ""],
    ["the highest surplus pod goes first", { pods: ["0", "1", "2", "3", "4"] }, "delete 4"],
    ["and the next one waits for it", { pods: ["0", "1", "2", "3", "4 ending"] }, ""],
    ["none goes while a pod below is sick", { pods: ["0", "1 unready", "2", "3"] }, ""],
    ["nor while a surplus one below is sick", { pods: ["0", "1", "2", "3 unready", "4 unready"] }, ""],
    ["but the only sick one does", { pods: ["0", "1", "2", "3", "4 unready"] }, "delete 4"],
    ["a well one above the sick one goes", { pods: ["0", "1", "2", "3 unready", "4"] }, "delete 4"],
    ["numbers may begin anywhere", { pods: ["0", "5"], spec: { ordinals: { start: 5 }, replicas: 2 } }, "create 6"],
    [
      "pods below the first number are too many",
      { pods: ["0", "5", "6"], spec: { ordinals: { start: 5 }, replicas: 2 } },
      "delete 0"
    ],
    ["none are wanted", { pods: ["0", "1"], spec: { replicas: 0 } }, "delete 1"]
  ]
  test.each(cases)("%s", (_, given, steps) => {
    expect(stepsOf(given)).toBe(steps)
  })
})

describe("all at once", () => {
  const cases: ReadonlyArray<readonly [what: string, given: Given, steps: string]> = [
    ["all missing pods come", { pods: [] }, "create 0, create 1, create 2"],
    ["whatever the others are", { pods: ["1 unready"] }, "create 0, create 2"],
    ["all surplus pods go", { pods: ["0 unready", "1", "2", "3", "4 ending", "5 unready"] }, "delete 5, delete 3"],
    ["failed ones go, too", { pods: ["0 failed", "1", "2 failed ending"] }, "delete 0"],
    ["an update still goes from pod to pod", { pods: ["0 old", "1 old", "2 old"] }, "delete 2"],
    ["and waits for each", { pods: ["0 old", "1 old", "2 unready"] }, ""],
    ["while it shrinks as well", { pods: ["0 old", "1 old", "2", "3"] }, "delete 3 | delete 1"]
  ]
  test.each(cases)("%s", (_, given, steps) => {
    expect(stepsOf({ ...given, spec: { ...parallel, ...given.spec } })).toBe(steps)
  })
})

describe("an update", () => {
  const cases: ReadonlyArray<readonly [what: string, given: Given, steps: string]> = [
    ["begins with the last pod", { pods: ["0 old", "1 old", "2 old"] }, "delete 2"],
    ["goes on when it is well", { pods: ["0 old", "1 old", "2"] }, "delete 1"],
    ["waits until it was ready for long enough", { pods: ["0 old", "1 old", "2 young"], spec: { minReadySeconds: 30 } }, ""],
    ["ends at the partition", { pods: ["0 old", "1 old", "2"], spec: rolling(2) }, ""],
    ["has nothing to do beyond the last pod", { pods: ["0 old", "1 old", "2 old"], spec: rolling(9) }, ""],
    [
      "counts from the first number",
      { pods: ["5 old", "6 old"], spec: { ...rolling(1), ordinals: { start: 5 }, replicas: 2 } },
      "delete 6"
    ],
    ["waits for people when they delete the pods", { pods: ["0 old", "1 old", "2 old"], spec: onDelete }, ""],
    [
      "is stuck behind a new pod that never gets well, which upstream wants deleted by hand",
      { pods: ["0 old", "1 old", "2 unready"] },
      ""
    ],
    ["comes after scaling", { pods: ["0 old", "1 old", "2 old", "3 old"] }, "delete 3"]
  ]
  test.each(cases)("%s", (_, given, steps) => {
    expect(stepsOf(given)).toBe(steps)
  })

  test("leaves the template as it was to pods below the partition", () => {
    const created = (given: Given) =>
      plan(situation({ ...given, spec: { ...parallel, ...given.spec } })).phases.flatMap((steps) =>
        steps.map(({ pod }) => pod.metadata?.labels?.["controller-revision-hash"])
      )
    expect(created({ pods: [], spec: rolling(2) })).toEqual(["web-old", "web-old", "web-new"])
    expect(created({ pods: [], spec: onDelete })).toEqual(["web-new", "web-new", "web-new"])
    const noPartition = { updateStrategy: { type: "RollingUpdate" as const } }
    expect(created({ pods: [], spec: noPartition, status: { currentReplicas: 1 } })).toEqual(["web-old", "web-new", "web-new"])
  })
})

test("a pod has its number in its name, its host name, its labels and its claims", () => {
  const volumeClaimTemplates = [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce" as const] } }]
  const volumes = [
    { name: "data", emptyDir: {} },
    { name: "tmp", emptyDir: {} }
  ]
  const set = setOf({ pods: [], spec: { volumeClaimTemplates } })
  const pod = podOf(set, { name: "web-new", template: { ...template, spec: { ...template.spec, volumes } } }, 7)
  expect(pod.metadata).toMatchObject({
    name: "web-7",
    namespace: "default",
    labels: {
      app: "web",
      "statefulset.kubernetes.io/pod-name": "web-7",
      "apps.kubernetes.io/pod-index": "7",
      "controller-revision-hash": "web-new"
    },
    ownerReferences: [{ kind: "StatefulSet", name: "web", controller: true }]
  })
  expect(pod.spec).toMatchObject({ hostname: "web-7", subdomain: "web" })
  expect(pod.spec?.volumes).toEqual([
    { name: "data", persistentVolumeClaim: { claimName: "data-web-7" } },
    { name: "tmp", emptyDir: {} }
  ])
})

describe("what is not as it should be is mended", () => {
  const volumeClaimTemplates = [{ metadata: { name: "data" }, spec: {} }]
  const keep = { spec: { volumeClaimTemplates, replicas: 1 } }
  const claim = (name: string, metadata: PersistentVolumeClaim["metadata"] = {}): PersistentVolumeClaim => ({
    metadata: { name, namespace: "default", ...metadata }
  })
  const remove = { whenDeleted: "Delete" as const, whenScaled: "Delete" as const }
  const owned = [
    { apiVersion: "apps/v1", kind: "StatefulSet", name: "web", uid: "set", controller: true, blockOwnerDeletion: true }
  ]
  const ofPod = (uid: string) => [
    { apiVersion: "v1", kind: "Pod", name: "web-0", uid, controller: true, blockOwnerDeletion: true }
  ]
  const delegated = { spec: { ...keep.spec, persistentVolumeClaimRetentionPolicy: remove } }
  const cases: ReadonlyArray<readonly [what: string, given: Given, steps: string]> = [
    ["a claim that a waiting pod misses", { ...keep, pods: ["0 pending"] }, "claims 0"],
    ["a waiting pod with its claims waits on", { ...keep, pods: ["0 pending"], claims: [claim("data-web-0")] }, ""],
    ["a claim that the set is to take along", { ...delegated, pods: ["0"], claims: [claim("data-web-0")] }, "repair 0"],
    [
      "nothing when it already does",
      { ...delegated, pods: ["0"], claims: [claim("data-web-0", { ownerReferences: owned })] },
      ""
    ],
    [
      "a claim that nobody is to take along",
      { ...keep, pods: ["0"], claims: [claim("data-web-0", { ownerReferences: owned })] },
      "repair 0"
    ],
    [
      "a claim that goes with its surplus pod",
      { spec: { ...delegated.spec, replicas: 0 }, pods: ["0"], claims: [claim("data-web-0", { ownerReferences: owned })] },
      "claims 0 | delete 0"
    ],
    [
      "a pod waits until the claim of the one before it is gone",
      { ...delegated, pods: [], claims: [claim("data-web-0", { ownerReferences: ofPod("gone") })] },
      ""
    ]
  ]
  test.each(cases)("%s", (_, given, steps) => {
    expect(stepsOf(given)).toBe(steps)
  })

  test("a label that is missing", () => {
    const given = situation({ pods: ["0"], spec: { replicas: 1 } })
    const [pod] = given.pods
    const bare = { ...pod!, metadata: { ...pod!.metadata, labels: { app: "web", "controller-revision-hash": "web-new" } } }
    expect(plan({ ...given, pods: [bare] }).phases.flat()[0]?.type).toBe("repair")
  })
})

describe("the status", () => {
  test("counts pods by their revision", () => {
    const given = situation({ pods: ["0 old", "1 unready", "2", "3 old ending"], spec: { minReadySeconds: 30 } })
    expect(statusOf(given, [], 1)).toEqual({
      observedGeneration: 3,
      replicas: 4,
      readyReplicas: 3,
      availableReplicas: 3,
      currentReplicas: 1,
      updatedReplicas: 2,
      currentRevision: "web-old",
      updateRevision: "web-new",
      collisionCount: 1
    })
  })
  test("does not count what was just told to end", () => {
    const given = situation({ pods: ["0 old", "1 old", "2 old"] })
    expect(statusOf(given, plan(given).updating, 0).currentReplicas).toBe(2)
  })
  test("makes the update current when every wanted pod is of it and ready, and there is no other", () => {
    const currentOf = (pods: ReadonlyArray<string>, spec = {}) => statusOf(situation({ pods, spec }), [], 0).currentRevision
    expect(currentOf(["0", "1", "2"])).toBe("web-new")
    expect(currentOf(["0", "1", "2 unready"])).toBe("web-old")
    expect(currentOf(["0", "1"])).toBe("web-old")
    expect(currentOf(["0", "1", "2", "3"])).toBe("web-old")
    expect(currentOf(["0", "1", "2"], onDelete)).toBe("web-old")
  })
  test("changes when the next ready pod has been so for long enough", () => {
    expect(untilNextAvailable(situation({ pods: ["0", "1 young"], spec: { minReadySeconds: 30 } }))).toBe(20_000)
    expect(untilNextAvailable(situation({ pods: ["0", "1 young"] }))).toBeUndefined()
  })
})

test("in order or at once, from any beginning, every set ends with its wanted pods, all new and well, and then rests", () => {
  for (const spec of [{}, parallel, { ordinals: { start: 2 } }]) {
    for (const begin of [
      [],
      ["0 old", "1 old", "2 old"],
      ["2 old", "4 old"],
      ["0 failed", "1", "7 old"],
      ["3 old", "2 old", "1"]
    ]) {
      let pods = begin
      let steps: ReadonlyArray<readonly [type: string, ordinal: number]> = []
      for (let round = 0; round < 60; round++) {
        steps = plan(situation({ pods, spec }))
          .phases.flat()
          .map(({ type, ordinal }) => [type, ordinal] as const)
        if (steps.length === 0) break
        if (!("podManagementPolicy" in spec)) expect(steps.length).toBe(1)
        for (const [type, ordinal] of steps) {
          pods = pods.filter((text) => text.split(" ")[0] !== String(ordinal))
          if (type === "create") pods = [...pods, String(ordinal)]
        }
      }
      expect(steps).toEqual([])
      const start = "ordinals" in spec ? 2 : 0
      expect([...pods].sort()).toEqual([start, start + 1, start + 2].map(String))
    }
  }
})
