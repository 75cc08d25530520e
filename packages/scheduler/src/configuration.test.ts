/** KubeSchedulerConfiguration: what it makes of the plugins, and what it refuses. @module */
import { describe, expect, test } from "bun:test"
import type { Node, Pod } from "@tsukube/api/core-v1"
import { ConfigurationError, readConfiguration } from "./configuration.ts"
import { enoughOf } from "./cycle.ts"
import { plan } from "./embed.ts"
import { definePlugin } from "./plugin.ts"
import { podInfo } from "./pod-info.ts"

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

  test("tells how to stand for election, and by which file to connect", () => {
    const leaderElection = {
      leaderElect: false,
      leaseDuration: "1m",
      renewDeadline: "40s",
      retryPeriod: "5s",
      resourceName: "mine"
    }
    const read = readConfiguration({ ...root, leaderElection, clientConnection: { kubeconfig: "/etc/kubeconfig" } })
    expect(read.leaderElection).toEqual({
      leaderElect: false,
      name: "mine",
      namespace: "kube-system",
      leaseDurationMs: 60_000,
      renewDeadlineMs: 40_000,
      retryPeriodMs: 5000
    })
    expect(read.kubeconfig).toBe("/etc/kubeconfig")
    expect(read.warnings).toEqual([])
    expect(readConfiguration(root).leaderElection).toMatchObject({
      leaderElect: true,
      name: "kube-scheduler",
      retryPeriodMs: 2000
    })
  })

  test("warns of what has no effect", () => {
    const { warnings } = readConfiguration({
      ...root,
      parallelism: 16,
      clientConnection: { qps: 50, burst: 100 },
      enableProfiling: true,
      enableContentionProfiling: false,
      delayCacheUntilActive: false,
      percentageOfNodesToScore: 0
    })
    expect(warnings.map((each) => each.split(" has no effect")[0])).toEqual([
      "enableProfiling",
      "delayCacheUntilActive: false",
      "parallelism",
      "profiles[0]: percentageOfNodesToScore: 0 samples nodes as upstream does; without it all are ranked, which is faster",
      "clientConnection.qps",
      "clientConnection.burst"
    ])
  })

  test("samples nodes when it says so, by upstream's formula when it says 0", () => {
    expect(profile({}).percentageOfNodesToScore).toBeUndefined()
    expect(profile({ percentageOfNodesToScore: 0 }).percentageOfNodesToScore).toBe(0)
    expect(readConfiguration({ ...root, percentageOfNodesToScore: 30 }).profiles[0]?.percentageOfNodesToScore).toBe(30)
    const enough = (nodes: number, percent: number) => enoughOf(nodes, { percent, start: 0 })
    expect([99, 100, 1000, 5000, 6000, 15_000].map((nodes) => enough(nodes, 0))).toEqual([99, 100, 420, 500, 300, 750])
    expect([99, 1000, 5000].map((nodes) => enough(nodes, 30))).toEqual([99, 300, 1500])
    expect([enough(5000, 1), enough(5000, 100), enoughOf(5000, undefined)]).toEqual([100, 5000, 5000])
  })

  test("leaves to extenders the resources that are theirs", () => {
    const extender = {
      urlPrefix: "http://x",
      filterVerb: "f",
      managedResources: [{ name: "example.com/x", ignoredByScheduler: true }]
    }
    const { profiles, extenders } = readConfiguration({ ...root, extenders: [extender] })
    const node: Node = { metadata: { name: "a" }, status: { allocatable: { cpu: "4", memory: "8Gi", pods: "9" } } }
    const requests = { "example.com/x": "1" }
    const pod: Pod = { metadata: { name: "p" }, spec: { containers: [{ name: "c", resources: { requests } }] } }
    expect(plan({ nodes: [node], pods: [pod] }, { plugins: profiles[0]!.plugins })[0]?.decision.type).toBe("placed")
    expect(plan({ nodes: [node], pods: [pod] })[0]?.decision.type).toBe("refused")
    expect(extenders[0]?.isInterested(podInfo(pod))).toBe(true)
  })

  test("hands certificates of extenders to whoever connects", () => {
    const tlsConfig = { serverName: "ext", caData: btoa("PEM"), certFile: "c", keyFile: "k" }
    const seen: Array<unknown> = []
    const fetchWith = (tls: unknown, url: string) => {
      seen.push([tls, url])
      return fetch
    }
    readConfiguration(
      { ...root, extenders: [{ urlPrefix: "https://x/e", filterVerb: "f", enableHTTPS: true, tlsConfig }] },
      { fetchWith }
    )
    expect(seen).toEqual([[{ serverName: "ext", certFile: "c", keyFile: "k", caData: "PEM" }, "https://x/e"]])
  })

  test("has the plugins of feature gates", () => {
    const featureGates = { GenericWorkload: true, GangScheduling: true }
    expect(readConfiguration(root, { featureGates }).profiles[0]?.plugins.at(-1)?.name).toBe("GangScheduling")
    expect(() => readConfiguration(root, { featureGates: { GangScheduling: true } })).toThrow(
      "depends on features that are disabled"
    )
    const named = { ...root, profiles: [{ plugins: { multiPoint: { enabled: [{ name: "GangScheduling" }] } } }] }
    expect(() => readConfiguration(named)).toThrow('multiPoint.enabled[0].name: Not found: "GangScheduling"')
  })

  const bad: ReadonlyArray<readonly [input: object, message: string]> = [
    [
      { ...root, leaderElection: { leaseDuration: "10s", renewDeadline: "10s" } },
      'leaderElection.leaseDuration: Invalid value: "10s": LeaseDuration must be greater than RenewDeadline'
    ],
    [
      { ...root, leaderElection: { leaseDuration: "soon" } },
      'leaderElection.leaseDuration: Invalid value: "soon": must be a duration'
    ],
    [{ ...root, leaderElection: { resourceLock: "endpoints" } }, 'leaderElection.resourceLock: Unsupported value: "endpoints"'],
    [{ ...root, clientConnection: { color: 1 } }, "clientConnection.color: Forbidden: unknown or unsupported field"],
    [{ ...root, enableProfiling: "yes" }, 'enableProfiling: Invalid value: "yes": must be a boolean'],
    [
      { ...root, extenders: [{ urlPrefix: "https://x", tlsConfig: {} }] },
      "extenders[0].tlsConfig: Forbidden: needs a fetchWith that makes such connections"
    ],
    [
      { ...root, extenders: ["a", "b"].map((name) => ({ urlPrefix: `http://${name}`, bindVerb: "bind" })) },
      "only one extender can implement bind"
    ],
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
