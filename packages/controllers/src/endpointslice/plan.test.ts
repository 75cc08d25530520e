/** Slices: what they say of pods, how they are cut, how little they change. @module */
import { describe, expect, test } from "bun:test"
import type { Pod, Service } from "@tsukube/api/core-v1"
import type { EndpointSlice } from "@tsukube/api/discovery-v1"
import { planSlices, type SliceChanges } from "./plan.ts"

const service = (spec: Partial<NonNullable<Service["spec"]>> = {}): Service => ({
  metadata: { name: "web", namespace: "default", uid: "svc" },
  spec: {
    clusterIP: "10.96.0.9",
    selector: { app: "web" },
    ports: [{ name: "http", port: 80, targetPort: 8080 }],
    ipFamilies: ["IPv4"],
    ...spec
  }
})

interface Shape {
  readonly ready?: boolean
  readonly deleting?: boolean
  readonly ips?: ReadonlyArray<string>
  readonly portName?: string
  readonly port?: number
  readonly phase?: "Running" | "Succeeded"
}

const pod = (index: number, shape: Shape = {}): Pod => ({
  metadata: {
    name: `p${index}`,
    namespace: "default",
    uid: `p${index}`,
    labels: { app: "web" },
    ...(shape.deleting === true ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {})
  },
  spec: {
    nodeName: "n",
    containers: [{ name: "c", ports: [{ name: shape.portName ?? "http", containerPort: shape.port ?? 8080 }] }]
  },
  status: {
    phase: shape.phase ?? "Running",
    podIPs: (shape.ips ?? [`10.0.${Math.floor(index / 250)}.${(index % 250) + 1}`]).map((ip) => ({ ip })),
    conditions: [{ type: "Ready", status: shape.ready === false ? "False" : "True" }]
  }
})

const node = { metadata: { labels: { "topology.kubernetes.io/zone": "z" } } }
const plan = (of: Service, pods: ReadonlyArray<Pod>, slices: ReadonlyArray<EndpointSlice> = []): SliceChanges =>
  planSlices({ service: of, pods, nodeOf: () => node, slices })

let made = 0
const apply = (slices: ReadonlyArray<EndpointSlice>, changes: SliceChanges): ReadonlyArray<EndpointSlice> => {
  const gone = new Set(changes.remove.map(({ metadata }) => metadata?.name))
  const updated = new Map(changes.update.map((slice) => [slice.metadata?.name, slice]))
  const created = changes.create.map((slice) => ({ ...slice, metadata: { ...slice.metadata, name: `s${made++}` } }))
  return [
    ...slices.filter(({ metadata }) => !gone.has(metadata?.name)).map((slice) => updated.get(slice.metadata?.name) ?? slice),
    ...created
  ]
}
const writes = ({ create, update, remove }: SliceChanges): number => create.length + update.length + remove.length
const uids = (slices: ReadonlyArray<EndpointSlice>): ReadonlyArray<string> =>
  slices.flatMap(({ endpoints }) => (endpoints ?? []).map(({ targetRef }) => targetRef?.uid ?? "")).sort()

describe("endpoint slices", () => {
  test("describe each pod: conditions, node, zone, target", () => {
    const [slice] = plan(service(), [
      pod(1),
      pod(2, { ready: false }),
      pod(3, { deleting: true }),
      pod(4, { phase: "Succeeded" })
    ]).create
    expect(slice?.endpoints?.map(({ conditions }) => conditions)).toEqual([
      { ready: true, serving: true, terminating: false },
      { ready: false, serving: false, terminating: false },
      { ready: false, serving: true, terminating: true }
    ])
    expect(slice?.endpoints?.[0]).toMatchObject({
      addresses: ["10.0.0.2"],
      nodeName: "n",
      zone: "z",
      targetRef: { kind: "Pod", name: "p1" }
    })
    expect(slice?.metadata).toMatchObject({ generateName: "web-", ownerReferences: [{ kind: "Service", uid: "svc" }] })
  })

  test("call everything ready when the Service publishes addresses that are not", () => {
    const [slice] = plan(service({ publishNotReadyAddresses: true }), [pod(1, { ready: false })]).create
    expect(slice?.endpoints?.[0]?.conditions).toEqual({ ready: true, serving: false, terminating: false })
  })

  test("resolve named ports for each pod, and part where they differ", () => {
    const named = service({ ports: [{ name: "http", port: 80, targetPort: "http" }] })
    const { create } = plan(named, [pod(1), pod(2, { port: 9090 }), pod(3, { portName: "other" })])
    expect(create.map(({ ports }) => ports?.map(({ port }) => port))).toEqual([[8080], [9090], []])
  })

  test("come in one kind per address family", () => {
    const dual = service({ ipFamilies: ["IPv4", "IPv6"] })
    const { create } = plan(dual, [pod(1, { ips: ["10.0.0.1", "fd00::1"] })])
    expect(create.map(({ addressType, endpoints }) => [addressType, endpoints?.[0]?.addresses])).toEqual([
      ["IPv4", ["10.0.0.1"]],
      ["IPv6", ["fd00::1"]]
    ])
  })

  test("are marked headless, and keep a placeholder without endpoints", () => {
    const [slice] = plan(service({ clusterIP: "None" }), []).create
    expect(slice?.metadata?.labels).toMatchObject({ "service.kubernetes.io/headless": "" })
    expect([slice?.endpoints, slice?.ports]).toEqual([[], []])
  })

  test("hold at most a hundred endpoints, and one change touches one slice", () => {
    const pods = Array.from({ length: 250 }, (_, index) => pod(index))
    let slices = apply([], plan(service(), pods))
    expect(slices.map(({ endpoints }) => endpoints?.length)).toEqual([100, 100, 50])
    expect(writes(plan(service(), pods, slices))).toBe(0)
    const failing = pods.with(120, pod(120, { ready: false }))
    const change = plan(service(), failing, slices)
    expect([change.create.length, change.update.length, change.remove.length]).toEqual([0, 1, 0])
    slices = apply(slices, plan(service(), [...pods, pod(250)], slices))
    expect(slices.map(({ endpoints }) => endpoints?.length)).toEqual([100, 100, 51])
  })

  test("reach any state from any other, and then nothing more changes", () => {
    let seed = 3
    const random = (below: number): number => {
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed % below
    }
    let slices: ReadonlyArray<EndpointSlice> = []
    for (let round = 0; round < 60; round++) {
      const pods = Array.from({ length: random(330) }, (_, index) => index)
        .filter(() => random(4) > 0)
        .map((index) => pod(index, { ready: random(5) > 0, port: random(9) === 0 ? 9090 : 8080 }))
      const named = service({ ports: [{ name: "http", port: 80, targetPort: "http" }] })
      slices = apply(slices, plan(named, pods, slices))
      expect(uids(slices)).toEqual(pods.map(({ metadata }) => metadata!.uid!).sort())
      expect(slices.every(({ endpoints }) => (endpoints ?? []).length <= 100)).toBe(true)
      expect(writes(plan(named, pods, slices))).toBe(0)
    }
  })
})
