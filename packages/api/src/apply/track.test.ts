import { describe, expect, test } from "bun:test"
import { applyDefaults } from "../defaults/apply.ts"
import type { KubernetesObject } from "../resource.ts"
import { type Deployment, deployments } from "../types/apps-v1.ts"
import {
  type ConfigMap,
  configmaps,
  type Node,
  nodes,
  type PersistentVolumeClaim,
  type Pod,
  persistentvolumeclaims,
  pods,
  type Service,
  services
} from "../types/core-v1.ts"
import { managerOf, validateFieldManager } from "./manager-name.ts"
import type { TrackedKind } from "./reset-fields.ts"
import { trackUpdate } from "./track.ts"

const now = "2026-01-01T00:00:00Z"
const later = "2026-01-02T00:00:00Z"

/** What the entries say, without what every entry has. */
const entries = (object: KubernetesObject): ReadonlyArray<string> =>
  (object.metadata?.managedFields ?? []).map(({ manager, operation, subresource, fieldsV1 }) =>
    [manager, operation, ...(subresource === undefined ? [] : [subresource]), JSON.stringify(fieldsV1)].join(" ")
  )

const create = <T extends KubernetesObject>(kind: TrackedKind<T>, object: T, manager = "kubectl"): T =>
  trackUpdate({ kind, before: undefined, after: applyDefaults(object), manager, now })

const pod: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    generateName: "web-7c5ddbdf54-",
    namespace: "default",
    labels: { app: "web", "pod-template-hash": "7c5ddbdf54" },
    ownerReferences: [
      {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: "web-7c5ddbdf54",
        uid: "u-1",
        controller: true,
        blockOwnerDeletion: true
      }
    ]
  },
  spec: { enableServiceLinks: true, containers: [{ name: "nginx", image: "nginx", resources: {} }] }
}

describe("who creates an object owns what it sets", () => {
  test("a pod of a replica set", () => {
    expect(create(pods, pod, "kube-controller-manager").metadata?.managedFields).toEqual([
      {
        manager: "kube-controller-manager",
        operation: "Update",
        apiVersion: "v1",
        time: now,
        fieldsType: "FieldsV1",
        fieldsV1: expect.anything()
      }
    ])
    expect(entries(create(pods, pod, "kube-controller-manager"))).toEqual([
      'kube-controller-manager Update {"f:metadata":{"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\\"uid\\":\\"u-1\\"}":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"nginx\\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}'
    ])
  })

  test("a deployment: structs that are always written have no dot, maps and lists have", () => {
    const deployment: Deployment = {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "default", labels: { app: "web" } },
      spec: {
        selector: { matchLabels: { app: "web" } },
        template: {
          metadata: { labels: { app: "web" } },
          spec: { containers: [{ name: "nginx", image: "nginx", ports: [{ containerPort: 80 }], resources: {} }] }
        }
      }
    }
    expect(entries(create(deployments, deployment, "kubectl-create"))).toEqual([
      'kubectl-create Update {"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:progressDeadlineSeconds":{},"f:replicas":{},"f:revisionHistoryLimit":{},"f:selector":{},"f:strategy":{"f:rollingUpdate":{".":{},"f:maxSurge":{},"f:maxUnavailable":{}},"f:type":{}},"f:template":{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"nginx\\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:ports":{".":{},"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},"f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}}}'
    ])
  })

  test("a service and a claim", () => {
    const service: Service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web" },
      spec: { selector: { app: "web" }, ports: [{ port: 80 }] }
    }
    expect(entries(create(services, service))).toEqual([
      'kubectl Update {"f:spec":{"f:internalTrafficPolicy":{},"f:ports":{".":{},"k:{\\"port\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:port":{},"f:protocol":{},"f:targetPort":{}}},"f:selector":{},"f:sessionAffinity":{},"f:type":{}}}'
    ])
    const claim: PersistentVolumeClaim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data" },
      spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } }
    }
    expect(entries(create(persistentvolumeclaims, claim))).toEqual([
      'kubectl Update {"f:spec":{"f:accessModes":{},"f:resources":{"f:requests":{".":{},"f:storage":{}}},"f:volumeMode":{}}}'
    ])
  })

  test("status is nobody's on the object itself, spec nobody's on its status", () => {
    const status = {
      phase: "Running" as const,
      conditions: [{ type: "Ready", status: "True" as const }],
      podIPs: [{ ip: "10.0.0.1" }]
    }
    const created = create(pods, { ...pod, status })
    expect(entries(created)[0]).not.toContain("f:status")
    const before = create(pods, pod)
    const after = {
      ...before,
      metadata: { ...before.metadata, labels: { app: "other" } },
      spec: { ...before.spec, hostname: "x" },
      status
    }
    expect(
      entries(trackUpdate({ kind: pods, before, after: after as Pod, manager: "kubelet", subresource: "status", now: later }))[1]
    ).toBe(
      'kubelet Update status {"f:metadata":{"f:labels":{"f:app":{}}},"f:status":{"f:conditions":{".":{},"k:{\\"type\\":\\"Ready\\"}":{".":{},"f:status":{},"f:type":{}}},"f:phase":{},"f:podIPs":{".":{},"k:{\\"ip\\":\\"10.0.0.1\\"}":{".":{},"f:ip":{}}}}}'
    )
  })

  test("parts of a pod that have a door of their own are owned through it alone", () => {
    const before = create(pods, pod)
    const [container] = before.spec?.containers ?? []
    const after: Pod = {
      ...before,
      spec: {
        ...before.spec,
        hostname: "x",
        containers: [{ ...container, name: "nginx", image: "other", resources: { limits: { cpu: "1" } } }],
        ephemeralContainers: [{ name: "debug", image: "busybox" }]
      }
    }
    const write = (subresource: string): string | undefined =>
      entries(trackUpdate({ kind: pods, before, after, manager: "me", subresource, now: later }))[1]
    expect(write("resize")).toBe(
      'me Update resize {"f:spec":{"f:containers":{"k:{\\"name\\":\\"nginx\\"}":{"f:resources":{"f:limits":{".":{},"f:cpu":{}}}}}}}'
    )
    expect(write("ephemeralcontainers")).toBe(
      'me Update ephemeralcontainers {"f:spec":{"f:ephemeralContainers":{".":{},"k:{\\"name\\":\\"debug\\"}":{".":{},"f:image":{},"f:name":{}}}}}'
    )
  })

  test("names, times and versions of an object are nobody's", () => {
    const map: ConfigMap = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "c", namespace: "n", uid: "u", generation: 1 }
    }
    expect(create(configmaps, map).metadata?.managedFields).toBeUndefined()
  })
})

describe("updates", () => {
  const map: ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { a: "1", b: "2" } }
  const live = create(configmaps, map, "first")
  const update = (data: Record<string, string>, manager: string, before: ConfigMap = live): ConfigMap =>
    trackUpdate({ kind: configmaps, before, after: { ...before, data }, manager, now: later })

  test("take what they change, and drop what they remove", () => {
    expect(entries(update({ a: "9", c: "3" }, "second"))).toEqual([
      'first Update {"f:data":{}}',
      'second Update {"f:data":{"f:a":{},"f:c":{}}}'
    ])
  })

  test("of the same manager are one entry, whose time is that of the last change", () => {
    const updated = update({ a: "1", b: "9" }, "first")
    expect(entries(updated)).toEqual(['first Update {"f:data":{".":{},"f:a":{},"f:b":{}}}'])
    expect(updated.metadata?.managedFields?.[0]?.time).toBe(later)
  })

  test("that change nothing leave everything as it is", () => {
    expect(update({ a: "1", b: "2" }, "second").metadata?.managedFields).toEqual(live.metadata?.managedFields)
  })

  test("take what the client says of managedFields, unless it is nothing or nonsense", () => {
    const { managedFields, ...metadata } = live.metadata ?? {}
    const write = (given: unknown): ReadonlyArray<string> =>
      entries(trackUpdate({ kind: configmaps, before: live, after: { ...live, metadata }, manager: "second", now: later, given }))
    expect(write(undefined)).toEqual(entries(live))
    expect(write([{ manager: "x" }])).toEqual(entries(live))
    expect(write([])).toEqual([])
    expect(write([{}])).toEqual([])
    const renamed = (managedFields ?? []).map((entry) => ({ ...entry, manager: "renamed" }))
    expect(write(renamed)).toEqual(['renamed Update {"f:data":{".":{},"f:a":{},"f:b":{}}}'])
  })

  test("of objects that nobody tracks stay untracked", () => {
    expect(update({ a: "2" }, "second", map).metadata?.managedFields).toBeUndefined()
  })

  test("of other versions keep their entries, of versions that do not exist lose them", () => {
    const entry = (apiVersion: string) =>
      ({
        manager: apiVersion,
        operation: "Update",
        apiVersion,
        fieldsType: "FieldsV1",
        fieldsV1: { "f:spec": { "f:maxReplicas": {} } }
      }) as const
    const before = {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "web", managedFields: [entry("autoscaling/v1"), entry("autoscaling/v2"), entry("autoscaling/v9")] },
      spec: { maxReplicas: 1 }
    }
    const kind = {
      group: "autoscaling",
      version: "v2",
      kind: "HorizontalPodAutoscaler",
      schema: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler"
    }
    const after = { ...before, spec: { maxReplicas: 2 } }
    expect(entries(trackUpdate({ kind, before, after, manager: "me", now })).map((line) => line.split(" ")[0])).toEqual([
      "autoscaling/v1",
      "me"
    ])
  })

  test("of more than ten managers put the oldest together", () => {
    let object: ConfigMap = create(configmaps, { ...map, data: { k: "" } }, "m00")
    for (let i = 1; i <= 14; i++) {
      const manager = `m${String(i).padStart(2, "0")}`
      const after = { ...object, data: { ...object.data, [manager]: "x" } }
      object = trackUpdate({
        kind: configmaps,
        before: object,
        after,
        manager,
        now: `2026-01-01T00:00:${String(i).padStart(2, "0")}Z`
      })
    }
    const names = object.metadata?.managedFields?.map(({ manager }) => manager)
    expect(names).toEqual(["ancient-changes", "m06", "m07", "m08", "m09", "m10", "m11", "m12", "m13", "m14"])
    expect(entries(object)[0]).toBe(
      'ancient-changes Update {"f:data":{".":{},"f:k":{},"f:m01":{},"f:m02":{},"f:m03":{},"f:m04":{},"f:m05":{}}}'
    )
  })

  test("of sets, granular maps and duplicates", () => {
    const node: Node = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "n", finalizers: ["a.b/c"] },
      spec: { podCIDRs: ["10.0.0.0/24"] }
    }
    const before = create(nodes, node, "kubelet")
    expect(entries(before)).toEqual([
      'kubelet Update {"f:metadata":{"f:finalizers":{".":{},"v:\\"a.b/c\\"":{}}},"f:spec":{"f:podCIDRs":{".":{},"v:\\"10.0.0.0/24\\"":{}}}}'
    ])
    const twice = { ...before, metadata: { ...before.metadata, finalizers: ["a.b/c", "a.b/c", "d.e/f"] } }
    const updated = trackUpdate({ kind: nodes, before, after: twice as Node, manager: "x", now: later })
    expect(entries(updated)[1]).toBe('x Update {"f:metadata":{"f:finalizers":{"v:\\"a.b/c\\"":{},"v:\\"d.e/f\\"":{}}}}')
  })
})

describe("the name of a manager", () => {
  test("is the one given, or what the user agent begins with", () => {
    expect(managerOf("me", "kubectl/v1.36.0 (linux/amd64)")).toBe("me")
    expect(managerOf("", "kubectl/v1.36.0 (linux/amd64)")).toBe("kubectl")
    expect(managerOf(undefined, "a\u0007b")).toBe("ab")
    expect(managerOf(undefined, "ü".repeat(100))).toBe("ü".repeat(64))
    expect(managerOf(undefined, undefined)).toBe("")
  })

  test("is printable and short", () => {
    expect(validateFieldManager(undefined, false)).toEqual([])
    expect(validateFieldManager("", true)).toMatchObject([{ field: "fieldManager", detail: "is required for apply patch" }])
    expect(validateFieldManager("a\nb", true)).toMatchObject([{ detail: "invalid character U+000A (at position 1)" }])
    expect(validateFieldManager("a".repeat(129), false)).toMatchObject([{ type: "FieldValueTooLong" }])
  })
})
