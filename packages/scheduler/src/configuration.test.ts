/** KubeSchedulerConfiguration: what it makes of the plugins, and what it refuses. @module */
import { describe, expect, test } from "bun:test"
import type { Node, Pod } from "@tsukube/api/core-v1"
import { ConfigurationError, readConfiguration } from "./configuration.ts"
import { plan } from "./embed.ts"
import { definePlugin } from "./plugin.ts"

const root = { apiVersion: "kubescheduler.config.k8s.io/v1", kind: "KubeSchedulerConfiguration" }
const profile = (more: object) => readConfiguration({ ...root, profiles: [{ schedulerName: "mine", ...more }] }).profiles[0]!
const pluginOf = (more: object, name: string) => profile(more).plugins.find((plugin) => plugin.name === name)

describe("the configuration", () => {
  test("is the default profile when it says nothing", () => {
    const { profiles, initialBackoffMs, maxBackoffMs } = readConfiguration(root)
    expect(profiles.map(({ schedulerName }) => schedulerName)).toEqual(["default-scheduler"])
    expect([initialBackoffMs, maxBackoffMs]).toEqual([1000, 10_000])
    const weights = profiles[0]?.plugins
      .filter(({ score }) => score !== undefined)
      .map(({ name, weight = 1 }) => `${name} ${weight}`)
    expect(weights).toEqual([
      "TaintToleration 3",
      "NodeAffinity 2",
      "NodeResourcesFit 1",
      "PodTopologySpread 2",
      "InterPodAffinity 2",
      "DynamicResources 2",
      "NodeResourcesBalancedAllocation 1",
      "ImageLocality 1"
    ])
  })

  test("turns plugins off and on, wholly or at one point, and weighs them", () => {
    expect(pluginOf({ plugins: { multiPoint: { disabled: [{ name: "NodePorts" }] } } }, "NodePorts")).toBeUndefined()
    const scoreless = pluginOf({ plugins: { score: { disabled: [{ name: "TaintToleration" }] } } }, "TaintToleration")
    expect([scoreless?.score, typeof scoreless?.filter]).toEqual([undefined, "function"])
    const heavy = { plugins: { score: { disabled: [{ name: "*" }], enabled: [{ name: "ImageLocality", weight: 7 }] } } }
    expect(
      profile(heavy)
        .plugins.filter(({ score }) => score !== undefined)
        .map(({ name, weight }) => [name, weight])
    ).toEqual([["ImageLocality", 7]])
  })

  test("gives plugins their arguments", () => {
    const addedAffinity = {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "pool", operator: "In", values: ["red"] }] }]
      }
    }
    const { plugins } = profile({ pluginConfig: [{ name: "NodeAffinity", args: { addedAffinity } }] })
    const node = (name: string, pool: string): Node => ({
      metadata: { name, labels: { pool } },
      status: { allocatable: { cpu: "4", memory: "8Gi", pods: "9" } }
    })
    const pod: Pod = { metadata: { name: "p" }, spec: { containers: [{ name: "c" }] } }
    expect(plan({ nodes: [node("a", "blue"), node("b", "red")], pods: [pod] }, { plugins })[0]?.decision).toMatchObject({
      nodeName: "b"
    })
    const [refused] = plan({ nodes: [node("a", "blue")], pods: [pod] }, { plugins })
    expect(refused?.decision).toMatchObject({ type: "refused" })
    expect(refused?.decision.type === "refused" && refused.decision.message).toContain(
      "1 node(s) didn't match scheduler-enforced node affinity"
    )
  })

  test("knows plugins of your own", () => {
    const never = definePlugin({ name: "Never", filter: () => ({ reasons: ["never"], resolvable: false }) })
    const input = { ...root, profiles: [{ schedulerName: "mine", plugins: { filter: { enabled: [{ name: "Never" }] } } }] }
    const { profiles } = readConfiguration(input, { plugins: { Never: () => never } })
    expect(profiles[0]?.plugins.at(-1)?.name).toBe("Never")
  })

  const bad: ReadonlyArray<readonly [input: object, message: string]> = [
    [{ ...root, apiVersion: "v1" }, 'apiVersion: Unsupported value: "v1": supported values: "kubescheduler.config.k8s.io/v1"'],
    [{ ...root, parallelism: 0 }, "parallelism: Invalid value: 0: should be an integer value greater than zero"],
    [{ ...root, percentageOfNodesToScore: 101 }, "percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]"],
    [{ ...root, podInitialBackoffSeconds: 0 }, "podInitialBackoffSeconds: Invalid value: 0: must be greater than 0"],
    [
      { ...root, podInitialBackoffSeconds: 5, podMaxBackoffSeconds: 1 },
      "podMaxBackoffSeconds: Invalid value: 1: must be greater than or equal to PodInitialBackoffSeconds"
    ],
    [{ ...root, profiles: [] }, "profiles: Required value"],
    [{ ...root, profiles: [{ schedulerName: "a" }, { schedulerName: "a" }] }, 'profiles[1].schedulerName: Duplicate value: "a"'],
    [
      { ...root, profiles: [{ plugins: { filter: { enabled: [{ name: "Nobody" }] } } }] },
      'profiles[0].plugins.filter.enabled[0].name: Not found: "Nobody"'
    ],
    [
      { ...root, profiles: [{ pluginConfig: [{ name: "InterPodAffinity", args: { hardPodAffinityWeight: 101 } }] }] },
      "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 101: not in valid range [0-100]"
    ],
    [{ ...root, extenders: [{ urlPrefix: "" }] }, 'extenders[0].urlPrefix: Invalid value: "": must be a valid URL'],
    [
      { ...root, extenders: [{ urlPrefix: "http://x", prioritizeVerb: "p" }] },
      "extenders[0].weight: Invalid value: 0: must have a positive weight applied to it"
    ],
    [{ ...root, surprise: 1 }, "surprise: Forbidden: unknown or unsupported field"]
  ]
  for (const [input, message] of bad) {
    test(`refuses: ${message.slice(0, 70)}`, () => {
      let caught: unknown
      try {
        readConfiguration(input)
      } catch (error) {
        caught = error
      }
      expect(caught).toBeInstanceOf(ConfigurationError)
      expect((caught as ConfigurationError).message).toContain(message)
    })
  }
})
