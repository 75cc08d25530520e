/** DynamicResources: devices that pods claim. @module */
import { describe, expect, test } from "bun:test"
import type { Pod } from "@tsukube/api/core-v1"
import type {
  Device,
  DeviceClaim,
  DeviceRequest,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceSlice
} from "@tsukube/api/resource-v1"
import { makePlanner, type PlanInput } from "../embed.ts"
import { node, on, outcome, pod, scoresOf } from "../testing/cases.ts"

const driver = "gpu.example.com"
const device = (name: string, model: string, more: Partial<Device> = {}): Device => ({
  name,
  attributes: { model: { string: model }, numa: { int: Number(name.slice(-1)) % 2 } },
  capacity: { memory: { value: "8Gi" } },
  ...more
})
const slice = (pool: string, devices: ReadonlyArray<Device>, more: Partial<ResourceSlice["spec"]> = {}): ResourceSlice => ({
  metadata: { name: `${pool}-${more.pool?.generation ?? 1}-${devices[0]?.name ?? "counters"}` },
  spec: { driver, nodeName: pool, pool: { name: pool, generation: 1, resourceSliceCount: 1 }, devices, ...more }
})
const exactly = (name: string, more: Partial<ExactDeviceRequest> = {}): DeviceRequest => ({
  name,
  exactly: { deviceClassName: "gpu", ...more }
})
const cel = (expression: string) => ({ selectors: [{ cel: { expression } }] })
const model = (which: string) => cel(`device.attributes["${driver}"].model == "${which}"`)
const claim = (
  name: string,
  requests: ReadonlyArray<DeviceRequest> = [exactly("gpu")],
  more: Partial<DeviceClaim> = {}
): ResourceClaim => ({
  metadata: { name, namespace: "default" },
  spec: { devices: { requests, ...more } }
})
const wants = (name: string, ...claims: ReadonlyArray<string>): Pod =>
  pod(name, { resourceClaims: claims.map((resourceClaimName, index) => ({ name: `r${index}`, resourceClaimName })) })

const nodes = [node("a"), node("b")]
const deviceClasses = [{ metadata: { name: "gpu" }, spec: cel(`device.driver == "${driver}"`) }]
const resourceSlices = [slice("a", [device("g0", "small")]), slice("b", [device("g0", "large")])]
const here = { nodes, deviceClasses, resourceSlices }
const refused = (count: number) => `${count} cannot allocate all claims`

/** One pod with one claim. */
const asking = (requests: ReadonlyArray<DeviceRequest>, more: Partial<DeviceClaim> = {}, slices = resourceSlices): PlanInput => ({
  ...here,
  resourceSlices: slices,
  pods: [wants("p", "x")],
  resourceClaims: [claim("x", requests, more)]
})
/** Pods that each have a claim of their own. */
const each = (count: number, requests: ReadonlyArray<DeviceRequest>, slices: ReadonlyArray<ResourceSlice>): PlanInput => {
  const names = Array.from({ length: count }, (_, index) => `x${index}`)
  return {
    ...here,
    nodes: [node("a")],
    resourceSlices: slices,
    pods: names.map((name) => wants(name, name)),
    resourceClaims: names.map((name) => claim(name, requests))
  }
}
const given = (input: PlanInput): ReadonlyArray<string> => {
  const planner = makePlanner(input)
  for (const each of input.pods) planner.place(each)
  return [...planner.snapshot.objects.promisedDevices.values()].flatMap(({ devices }) =>
    (devices?.results ?? []).map(({ request, device: name }) => `${request}=${name}`)
  )
}
const many = [
  slice(
    "a",
    [0, 1, 2, 3].map((index) => device(`g${index}`, index < 2 ? "small" : "large"))
  )
]

describe("DynamicResources", () => {
  const tainted = [slice("a", [device("g0", "small", { taints: [{ key: "ill", effect: "NoSchedule" }] })])]
  const cases: ReadonlyArray<readonly [name: string, input: PlanInput, expected: string]> = [
    ["no claims", { ...here, pods: [pod("p")] }, "a"],
    ["any device", asking([exactly("gpu")]), "a"],
    ["by attribute", asking([exactly("gpu", model("large"))]), "b"],
    [
      "by capacity",
      asking([exactly("gpu", cel(`device.capacity["${driver}"].memory.isGreaterThan(quantity("9Gi"))`))]),
      refused(2)
    ],
    ["too many", asking([exactly("gpu", { count: 2 })]), refused(2)],
    ["several of one node", asking([exactly("gpu", { count: 4 })], {}, many), "a"],
    ["two requests of one claim", asking([exactly("one", model("small")), exactly("two", model("large"))], {}, many), "a"],
    [
      "the second takes the other one",
      { ...here, pods: [wants("p", "x"), wants("q", "y")], resourceClaims: [claim("x"), claim("y")] },
      "b"
    ],
    ["the third gets none", each(2, [exactly("gpu")], [slice("a", [device("g0", "small")])]), refused(1)],
    ["two pods share a claim", { ...here, pods: [wants("p", "x"), wants("q", "x")], resourceClaims: [claim("x")] }, "a"],
    ["two claims of one pod", { ...here, pods: [wants("p", "x", "y")], resourceClaims: [claim("x"), claim("y")] }, refused(2)],
    ["no such claim", { ...here, pods: [wants("p", "x")] }, 'resourceclaim "x" not found'],
    [
      "no such class",
      { ...asking([exactly("gpu")]), deviceClasses: [] },
      'resourceclaim "x": request gpu: device class gpu does not exist'
    ],
    [
      "a selector that cannot be read",
      asking([exactly("gpu", cel("device.colour == 1"))]),
      'resourceclaim "x": request gpu: selector #0: CEL compile error: No such key: colour'
    ],
    [
      "a selector that fails stops the pod",
      asking([exactly("gpu", cel(`device.attributes["${driver}"].colour == "red"`))]),
      "node a: request gpu: selector #0: CEL runtime error: No such key: colour"
    ],
    ["a device with a taint", asking([exactly("gpu")], {}, tainted), refused(2)],
    [
      "a taint that is tolerated",
      asking([exactly("gpu", { tolerations: [{ key: "ill", operator: "Exists" }] })], {}, tainted),
      "a"
    ],
    [
      "a taint without effect",
      asking([exactly("gpu")], {}, [slice("a", [device("g0", "small", { taints: [{ key: "ill", effect: "None" }] })])]),
      "a"
    ],
    [
      "the newest generation of a pool counts",
      asking([exactly("gpu", model("small"))], {}, [
        slice("a", [device("g0", "small")]),
        slice("a", [device("g0", "large")], { pool: { name: "a", generation: 2, resourceSliceCount: 1 } })
      ]),
      refused(2)
    ],
    [
      "nothing comes from a pool that is not complete",
      asking([exactly("gpu")], {}, [
        slice("a", [device("g0", "small")], { pool: { name: "a", generation: 1, resourceSliceCount: 2 } })
      ]),
      refused(2)
    ],
    [
      "nothing comes from a pool with two devices of one name",
      asking([exactly("gpu")], {}, [slice("a", [device("g0", "small"), device("g0", "large")])]),
      refused(2)
    ],
    [
      "devices of some nodes, by selector",
      asking([exactly("gpu")], {}, [
        slice("a", [device("g0", "small")], {
          nodeName: "",
          nodeSelector: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["b"] }] }]
          }
        })
      ]),
      "b"
    ],
    [
      "devices that say where they are one by one",
      asking([exactly("gpu")], {}, [
        slice("a", [device("g0", "small", { nodeName: "b" })], { nodeName: "", perDeviceNodeSelection: true })
      ]),
      "b"
    ]
  ]
  for (const [name, input, expected] of cases) test(name, () => expect(outcome(input)).toBe(expected))
})

describe("allocation mode All", () => {
  const all = exactly("gpu", { allocationMode: "All" })
  test("takes every device that matches", () => {
    expect(given(asking([all], {}, many))).toEqual(["gpu=g0", "gpu=g1", "gpu=g2", "gpu=g3"])
    expect(given(asking([exactly("gpu", { allocationMode: "All", ...model("large") })], {}, many))).toEqual(["gpu=g2", "gpu=g3"])
  })
  const cases: ReadonlyArray<readonly [name: string, input: PlanInput, expected: string]> = [
    ["none matches", asking([exactly("gpu", { allocationMode: "All", ...model("huge") })], {}, many), refused(2)],
    ["one is taken", { ...each(2, [all], many), resourceClaims: [claim("x0"), claim("x1", [all])] }, refused(1)],
    [
      "one is tainted",
      asking([all], {}, [
        slice("a", [device("g0", "small"), device("g1", "small", { taints: [{ key: "ill", effect: "NoExecute" }] })])
      ]),
      refused(2)
    ],
    [
      "a pool is not complete",
      asking([all], {}, [slice("a", [device("g0", "small")], { pool: { name: "a", generation: 1, resourceSliceCount: 2 } })]),
      refused(2)
    ]
  ]
  for (const [name, input, expected] of cases) test(`refused: ${name}`, () => expect(outcome(input)).toBe(expected))
})

describe("alternatives (firstAvailable)", () => {
  const alternatives = (...models: ReadonlyArray<string>): ReadonlyArray<DeviceRequest> => [
    { name: "gpu", firstAvailable: models.map((which) => ({ name: which, deviceClassName: "gpu", ...model(which) })) }
  ]
  test("the first that can be had", () => {
    expect(given(asking(alternatives("large", "small"), {}, many))).toEqual(["gpu/large=g2"])
    expect(given(asking(alternatives("huge", "small"), {}, many))).toEqual(["gpu/small=g0"])
    expect(outcome(asking(alternatives("huge", "tiny"), {}, many))).toBe(refused(2))
  })
  test("nodes with an earlier one are liked better", () => {
    const input = asking(alternatives("large", "small"))
    expect(outcome(input)).toBe("b")
    expect(scoresOf("DynamicResources", { ...input, pods: [] }, wants("p", "x"))).toEqual({ a: 174, b: 200 })
  })
  test("an alternative that leaves too little for the next request is given up", () => {
    const requests = [...alternatives("large", "small"), exactly("both", { count: 2, ...model("large") })]
    expect(given(asking(requests, {}, many))).toEqual(["gpu/small=g0", "both=g2", "both=g3"])
  })
})

describe("constraints between devices", () => {
  const two = [exactly("one"), exactly("two")]
  const match = { constraints: [{ matchAttribute: `${driver}/numa` }] }
  const distinct = { constraints: [{ distinctAttribute: `${driver}/model` }] }
  test("the same attribute", () => {
    expect(given(asking(two, match, many))).toEqual(["one=g0", "two=g2"])
    expect(given(asking([exactly("gpu", { count: 2 })], match, many))).toEqual(["gpu=g0", "gpu=g2"])
    expect(outcome(asking([exactly("gpu", { count: 3 })], match, many))).toBe(refused(2))
  })
  test("another attribute for each", () => {
    expect(given(asking(two, distinct, many))).toEqual(["one=g0", "two=g2"])
    expect(outcome(asking([exactly("gpu", { count: 3 })], distinct, many))).toBe(refused(2))
  })
  test("only for the requests that are named", () =>
    expect(
      given(asking([...two, exactly("three")], { constraints: [{ ...match.constraints[0]!, requests: ["one", "three"] }] }, many))
    ).toEqual(["one=g0", "two=g1", "three=g2"]))
  test("a device without the attribute does not do", () =>
    expect(outcome(asking(two, { constraints: [{ matchAttribute: `${driver}/colour` }] }, many))).toBe(refused(2)))
})

describe("partitions of a device (shared counters)", () => {
  const counters = slice("a", [], {
    pool: { name: "a", generation: 1, resourceSliceCount: 2 },
    sharedCounters: [{ name: "gpu-0", counters: { memory: { value: "8Gi" } } }]
  })
  const partition = (name: string, memory: string): Device =>
    device(name, "part", { consumesCounters: [{ counterSet: "gpu-0", counters: { memory: { value: memory } } }] })
  const parts = (...amounts: ReadonlyArray<string>) => [
    counters,
    slice(
      "a",
      amounts.map((amount, index) => partition(`g${index}`, amount)),
      { pool: { name: "a", generation: 1, resourceSliceCount: 2 } }
    )
  ]
  test("as many as the counters allow", () => {
    expect(outcome(each(2, [exactly("gpu")], parts("4Gi", "4Gi", "4Gi")))).toBe("a")
    expect(outcome(each(3, [exactly("gpu")], parts("4Gi", "4Gi", "4Gi")))).toBe(refused(1))
    expect(outcome(each(2, [exactly("gpu")], parts("6Gi", "6Gi")))).toBe(refused(1))
    expect(given(each(2, [exactly("gpu")], parts("6Gi", "6Gi", "2Gi")))).toEqual(["gpu=g0", "gpu=g2"])
  })
  test("within one claim, too", () =>
    expect(given(asking([exactly("gpu", { count: 2 })], {}, parts("6Gi", "6Gi", "2Gi")))).toEqual(["gpu=g0", "gpu=g2"]))
  test("what claims have already counts", () => {
    const allocated = { devices: { results: [{ request: "gpu", driver, pool: "a", device: "g0" }] } }
    const had: ResourceClaim = { ...claim("had"), status: { allocation: allocated } }
    const input = each(1, [exactly("gpu")], parts("6Gi", "6Gi"))
    expect(outcome({ ...input, resourceClaims: [...input.resourceClaims!, had] })).toBe(refused(1))
  })
})

describe("shares of a device (consumable capacity)", () => {
  const link = (requestPolicy?: NonNullable<Device["capacity"]>[string]["requestPolicy"]): ReadonlyArray<ResourceSlice> => [
    slice("a", [
      device("g0", "link", {
        allowMultipleAllocations: true,
        capacity: { bandwidth: { value: "10G", ...(requestPolicy === undefined ? {} : { requestPolicy }) } }
      })
    ])
  ]
  const bandwidth = (amount: string) => [exactly("link", { capacity: { requests: { bandwidth: amount } } })]
  const consumed = (input: PlanInput): unknown => {
    const planner = makePlanner(input)
    planner.place(input.pods[0]!)
    const [allocation] = planner.snapshot.objects.promisedDevices.values()
    return allocation?.devices?.results?.[0]?.consumedCapacity?.["bandwidth"]
  }
  test("as many as the capacity allows", () => {
    expect(outcome(each(2, bandwidth("4G"), link()))).toBe("a")
    expect(outcome(each(3, bandwidth("4G"), link()))).toBe(refused(1))
    expect(outcome(each(2, [exactly("link")], link()))).toBe(refused(1))
  })
  test("rounded as the driver says", () => {
    const range = { default: "1G", validRange: { min: "1G", step: "2G", max: "7G" } }
    expect(consumed(each(1, bandwidth("500M"), link(range)))).toBe("1G")
    expect(consumed(each(1, bandwidth("4G"), link(range)))).toBe("5G")
    expect(consumed(each(1, [exactly("link")], link(range)))).toBe("1G")
    expect(outcome(each(1, bandwidth("8G"), link(range)))).toBe(refused(1))
    const values = { default: "2G", validValues: ["2G", "5G"] }
    expect(consumed(each(1, bandwidth("3G"), link(values)))).toBe("5G")
    expect(outcome(each(1, bandwidth("6G"), link(values)))).toBe(refused(1))
  })
  test("a whole device does when it has as much", () => {
    const memory = (amount: string) => [exactly("gpu", { capacity: { requests: { memory: amount } } })]
    expect(outcome(asking(memory("8Gi")))).toBe("a")
    expect(outcome(asking(memory("9Gi")))).toBe(refused(2))
    expect(outcome(asking([exactly("gpu", { capacity: { requests: { colour: "1" } } })]))).toBe(refused(2))
  })
})

describe("admin access", () => {
  test("looks at devices that belong to others, and takes nothing from them", () => {
    const admin = [exactly("gpu", { adminAccess: true, allocationMode: "All" })]
    const one = [slice("a", [device("g0", "small")])]
    const input = each(3, [exactly("gpu")], one)
    const [x, , z] = input.resourceClaims!
    expect(given({ ...input, resourceClaims: [x!, claim("x1", admin), z!] })).toEqual(["gpu=g0", "gpu=g0"])
    expect(given({ ...input, pods: input.pods.slice(1), resourceClaims: [claim("x1", admin), z!] })).toEqual(["gpu=g0", "gpu=g0"])
  })
})

describe("what an allocation says", () => {
  test("where it can be used, and how drivers are configured", () => {
    const opaque = (value: string) => ({ driver, parameters: { value } })
    const input: PlanInput = {
      ...here,
      deviceClasses: [{ ...deviceClasses[0]!, spec: { ...deviceClasses[0]!.spec, config: [{ opaque: opaque("class") }] } }],
      pods: [wants("p", "x")],
      resourceClaims: [
        claim("x", [exactly("gpu")], {
          config: [{ opaque: opaque("claim") }, { requests: ["other"], opaque: opaque("not mine") }]
        })
      ]
    }
    const planner = makePlanner(input)
    planner.place(input.pods[0]!)
    expect([...planner.snapshot.objects.promisedDevices.values()]).toEqual([
      {
        devices: {
          results: [{ request: "gpu", driver, pool: "a", device: "g0" }],
          config: [
            { source: "FromClass", requests: ["gpu"], opaque: opaque("class") },
            { source: "FromClaim", opaque: opaque("claim") }
          ]
        },
        nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["a"] }] }] }
      }
    ])
  })

  test("a pod goes where its claim was allocated", () => {
    const allocation = {
      devices: { results: [{ request: "gpu", driver, pool: "b", device: "g0" }] },
      nodeSelector: { nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In" as const, values: ["b"] }] }] }
    }
    const had: ResourceClaim = { ...claim("x"), status: { allocation } }
    const input = { ...here, pods: [on("b", wants("q", "x")), wants("p", "x")], resourceClaims: [had] }
    expect(outcome(input)).toBe("b")
    expect(outcome({ ...input, nodes: [node("a")] })).toBe("1 resourceclaim not available on the node")
  })
})
