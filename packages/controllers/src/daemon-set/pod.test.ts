import { describe, expect, test } from "bun:test"
import type { DaemonSet } from "@tsukube/api/apps-v1"
import type { Node, Pod, PodSpec, Taint } from "@tsukube/api/core-v1"
import { eligibility } from "./eligibility.ts"
import { isUpdated, nodeOf, podOf, tolerationsOf } from "./pod.ts"

const daemonSet = (spec: Partial<PodSpec> = {}, generation?: string): DaemonSet => ({
  metadata: {
    name: "log",
    namespace: "default",
    uid: "u",
    ...(generation === undefined ? {} : { annotations: { "deprecated.daemonset.template.generation": generation } })
  },
  spec: {
    selector: { matchLabels: { app: "log" } },
    template: { metadata: { labels: { app: "log" } }, spec: { containers: [{ name: "c", image: "i" }], ...spec } }
  }
})

describe("a node", () => {
  const taint = (key: string, effect: Taint["effect"]): Taint => ({ key, effect })
  const node = (labels: Readonly<Record<string, string>>, ...taints: ReadonlyArray<Taint>): Node => ({
    metadata: { name: "n", labels },
    spec: { taints }
  })
  const zoned = { nodeSelector: { zone: "a" } }
  const affinity = {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "NotIn" as const, values: ["a"] }] }]
      }
    }
  }
  const cases: ReadonlyArray<readonly [what: string, spec: Partial<PodSpec>, node: Node, shouldRun: boolean, mayStay: boolean]> =
    [
      ["without anything special gets a pod", {}, node({}), true, true],
      ["of the wanted label gets one", zoned, node({ zone: "a" }), true, true],
      ["of another label gets none and loses it", zoned, node({ zone: "b" }), false, false],
      ["that the affinity excludes gets none and loses it", { affinity }, node({ zone: "a" }), false, false],
      ["that another pod spec names gets none", { nodeName: "other" }, node({}), false, false],
      ["that is named gets one", { nodeName: "n" }, node({}), true, true],
      ["that takes no new pods keeps the one it has", {}, node({}, taint("special", "NoSchedule")), false, true],
      ["that drives pods away gets none and loses it", {}, node({}, taint("special", "NoExecute")), false, false],
      ["that would rather not is not asked", {}, node({}, taint("special", "PreferNoSchedule")), true, true],
      ["that is cordoned gets one", {}, node({}, taint("node.kubernetes.io/unschedulable", "NoSchedule")), true, true],
      ["that is silent keeps it", {}, node({}, taint("node.kubernetes.io/unreachable", "NoExecute")), true, true],
      ["without network gets none", {}, node({}, taint("node.kubernetes.io/network-unavailable", "NoSchedule")), false, true],
      [
        "without network gets one that needs none",
        { hostNetwork: true },
        node({}, taint("node.kubernetes.io/network-unavailable", "NoSchedule")),
        true,
        true
      ],
      [
        "whose taint is tolerated gets one",
        { tolerations: [{ operator: "Exists" }] },
        node({}, taint("special", "NoExecute")),
        true,
        true
      ]
    ]
  test.each(cases)("%s", (_, spec, where, shouldRun, mayStay) => {
    expect(eligibility(daemonSet(spec))(where)).toEqual({ node: "n", shouldRun, mayStay })
  })
})

test("a toleration that the template has already is not added again", () => {
  const own = { key: "node.kubernetes.io/not-ready", operator: "Exists" as const, effect: "NoExecute" as const }
  expect(tolerationsOf(daemonSet({ tolerations: [own] }))).toHaveLength(6)
  expect(
    tolerationsOf(daemonSet({ tolerations: [{ ...own, tolerationSeconds: 5 }] })).find(({ key }) => key === own.key)
  ).toEqual(own)
  expect(tolerationsOf(daemonSet({ hostNetwork: true }))).toHaveLength(7)
})

test("a pod requires its node and nothing else, and says of which template it is", () => {
  const preferred = [{ weight: 1, preference: { matchExpressions: [{ key: "ssd", operator: "Exists" as const }] } }]
  const required = { nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "Exists" as const }] }] }
  const nodeAffinity = {
    requiredDuringSchedulingIgnoredDuringExecution: required,
    preferredDuringSchedulingIgnoredDuringExecution: preferred
  }
  const set = daemonSet({ affinity: { nodeAffinity } }, "3")
  const pod = podOf(set, "node-1", "abc")
  expect(pod.metadata).toMatchObject({
    generateName: "log-",
    namespace: "default",
    labels: { app: "log", "controller-revision-hash": "abc", "pod-template-generation": "3" },
    ownerReferences: [{ kind: "DaemonSet", name: "log", uid: "u", controller: true }]
  })
  expect(pod.spec?.affinity?.nodeAffinity).toEqual({
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["node-1"] }] }]
    },
    preferredDuringSchedulingIgnoredDuringExecution: preferred
  })
  expect(pod.spec?.nodeName).toBeUndefined()
  expect(nodeOf(pod)).toBe("node-1")
  expect(nodeOf({ ...pod, spec: { ...pod.spec!, nodeName: "node-2" } })).toBe("node-2")
  expect(nodeOf({ spec: { containers: [] } })).toBeUndefined()
})

test("pods are of the current template by its hash or by its number", () => {
  const labelled = (labels: Readonly<Record<string, string>>): Pod => ({ metadata: { labels } })
  const hashes = new Set(["abc"])
  expect(isUpdated(daemonSet({}, "3"), hashes, labelled({ "controller-revision-hash": "abc" }))).toBe(true)
  expect(isUpdated(daemonSet({}, "3"), hashes, labelled({ "pod-template-generation": "3" }))).toBe(true)
  expect(isUpdated(daemonSet({}, "3"), hashes, labelled({ "pod-template-generation": "2" }))).toBe(false)
  expect(isUpdated(daemonSet(), hashes, labelled({}))).toBe(false)
})
