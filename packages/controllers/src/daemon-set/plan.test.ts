import { describe, expect, test } from "bun:test"
import type { DaemonSet, RollingUpdateDaemonSet } from "@tsukube/api/apps-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { limitsOf } from "./limits.ts"
import { plan } from "./plan.ts"
import { nextStep } from "./rollout.ts"
import { byNode, type Situation } from "./situation.ts"
import { statusOf, untilNextAvailable } from "./status.ts"

const nowMs = Date.parse("2026-01-01T01:00:00Z")

/** `name@node` and then any of: old, ready, unready, failed, succeeded, ending, unplaced, young (ready for ten seconds). */
const pod = (text: string): Pod => {
  const [place = "", ...words] = text.split(" ")
  const [name = "", node = ""] = place.split("@")
  const is = (word: string): boolean => words.includes(word)
  const phase = is("failed") ? "Failed" : is("succeeded") ? "Succeeded" : is("unplaced") ? "Pending" : "Running"
  const required = { nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In" as const, values: [node] }] }] }
  return {
    metadata: {
      name,
      uid: name,
      namespace: "default",
      creationTimestamp: `2026-01-01T00:0${name.length}:00Z`,
      labels: { "controller-revision-hash": is("old") ? "old" : "new" },
      ...(is("ending") ? { deletionTimestamp: "2026-01-01T00:30:00Z" } : {})
    },
    spec: is("unplaced")
      ? { containers: [], affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } }
      : { containers: [], nodeName: node },
    status: {
      phase,
      conditions: [
        {
          type: "Ready",
          status: phase !== "Running" || is("unready") ? "False" : "True",
          lastTransitionTime: is("young") ? "2026-01-01T00:59:50Z" : "2026-01-01T00:00:00Z"
        }
      ]
    }
  }
}

interface Given {
  readonly nodes: string
  readonly pods: ReadonlyArray<string>
  readonly rolling?: RollingUpdateDaemonSet
  readonly onDelete?: boolean
  readonly minReadySeconds?: number
}

/** Nodes are letters; a small one keeps its pod but gets none, one with a minus loses it. */
const situation = ({
  nodes,
  pods,
  rolling = { maxUnavailable: 1, maxSurge: 0 },
  onDelete,
  minReadySeconds = 0
}: Given): Situation => {
  const daemonSet: DaemonSet = {
    metadata: { name: "log", namespace: "default", generation: 2 },
    spec: {
      selector: { matchLabels: { app: "log" } },
      template: {},
      minReadySeconds,
      updateStrategy: onDelete === true ? { type: "OnDelete" } : { type: "RollingUpdate", rollingUpdate: rolling }
    },
    status: { observedGeneration: 1, currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 }
  }
  return {
    daemonSet,
    nodes: nodes.split(" ").map((text) => ({
      node: text.replace("-", "").toUpperCase(),
      shouldRun: /^[A-Z]$/.test(text),
      mayStay: !text.includes("-")
    })),
    podsByNode: byNode(pods.map(pod)),
    hashes: new Set(["new"]),
    nowMs
  }
}

const names = (pods: ReadonlyArray<Pod>) => pods.map(({ metadata }) => metadata?.name).sort()

describe("what is missing and what is too much", () => {
  const surge = { maxSurge: 1, maxUnavailable: 0 }
  const cases: ReadonlyArray<
    readonly [
      what: string,
      given: Given,
      create: ReadonlyArray<string>,
      remove: ReadonlyArray<string>,
      ended: ReadonlyArray<string>
    ]
  > = [
    ["every node that should gets a pod", { nodes: "A B c -d", pods: [] }, ["A", "B"], [], []],
    ["nothing is done where all is well", { nodes: "A c", pods: ["p@A", "q@C"] }, [], [], []],
    ["a pod that may not stay goes", { nodes: "-a", pods: ["p@A", "q@A ending"] }, [], ["p"], []],
    ["a node whose pod is on its way out waits", { nodes: "A", pods: ["p@A ending"] }, [], [], []],
    ["but not for one that has ended, too", { nodes: "A", pods: ["p@A ending failed"] }, ["A"], [], []],
    ["of two pods the older stays", { nodes: "A", pods: ["p@A", "qq@A"] }, [], ["qq"], []],
    ["of two pods the one that is placed stays", { nodes: "A", pods: ["p@A unplaced", "qq@A"] }, [], ["p"], []],
    ["ended pods go, whatever became of them", { nodes: "A B", pods: ["p@A failed", "q@B succeeded"] }, [], [], ["p", "q"]],
    ["pods meant for nodes that are gone go", { nodes: "A", pods: ["p@A", "q@X unplaced", "r@X"] }, [], ["q"], []],
    [
      "surging, an old and a new pod stay together",
      { nodes: "A", pods: ["p@A old", "qq@A unready"], rolling: surge },
      [],
      [],
      []
    ],
    [
      "surging, no third one does",
      { nodes: "A", pods: ["p@A old", "qq@A unready", "rrr@A old"], rolling: surge },
      [],
      ["rrr"],
      []
    ],
    [
      "surging, an old one that is not ready goes",
      { nodes: "A", pods: ["p@A old unready", "qq@A unready"], rolling: surge },
      [],
      ["p"],
      []
    ],
    [
      "surging, the old one goes when the new one is available",
      { nodes: "A", pods: ["p@A old", "qq@A"], rolling: surge },
      [],
      ["p"],
      []
    ],
    [
      "surging, available means for long enough",
      { nodes: "A", pods: ["p@A old", "qq@A young"], rolling: surge, minReadySeconds: 30 },
      [],
      [],
      []
    ]
  ]
  test.each(cases)("%s", (_, given, create, remove, ended) => {
    const found = plan(situation(given))
    expect({ create: found.create, remove: names(found.remove), ended: names(found.ended.map((one) => one.pod)) }).toEqual({
      create,
      remove,
      ended
    } as never)
  })
})

describe("the next step of an update", () => {
  const replace = (maxUnavailable: number | string): RollingUpdateDaemonSet => ({ maxUnavailable, maxSurge: 0 })
  const surge = (maxSurge: number | string): RollingUpdateDaemonSet => ({ maxUnavailable: 0, maxSurge })
  const four = ["p@A old", "q@B old", "r@C old", "s@D old"]
  const cases: ReadonlyArray<readonly [what: string, given: Given, create: ReadonlyArray<string>, removed: number]> = [
    ["ends one pod", { nodes: "A B C D", pods: four }, [], 1],
    ["ends as many as may be unavailable", { nodes: "A B C D", pods: four, rolling: replace(3) }, [], 3],
    ["rounds a share up", { nodes: "A B C D", pods: four, rolling: replace("30%") }, [], 2],
    ["waits for the new pod", { nodes: "A B", pods: ["p@A old", "q@B unready"] }, [], 0],
    ["waits for a pod that is to be made", { nodes: "A B C", pods: ["p@A old", "q@B"] }, [], 0],
    [
      "waits until the new pod was ready for long enough",
      { nodes: "A B", pods: ["p@A old", "q@B young"], minReadySeconds: 30 },
      [],
      0
    ],
    ["does not count a node with a pod on its way out as lost twice", { nodes: "A B", pods: ["p@A old", "q@B ending"] }, [], 0],
    ["ends what does not work at once", { nodes: "A B C", pods: ["p@A old unready", "q@B old unready", "r@C old"] }, [], 2],
    ["is nothing when nothing is old", { nodes: "A B", pods: ["p@A", "q@B"] }, [], 0],
    ["is nothing when people delete pods themselves", { nodes: "A B", pods: ["p@A old", "q@B old"], onDelete: true }, [], 0],
    ["surging, makes a pod beside the old one", { nodes: "A B C D", pods: four, rolling: surge(1) }, ["A"], 0],
    ["surging, makes as many as may be", { nodes: "A B C D", pods: four, rolling: surge("50%") }, ["A", "B"], 0],
    ["surging, waits for the first", { nodes: "A B", pods: ["p@A old", "pp@A unready", "q@B old"], rolling: surge(1) }, [], 0],
    [
      "surging, ends the old when the new is there",
      { nodes: "A B", pods: ["p@A old", "pp@A", "q@B old"], rolling: surge(1) },
      ["B"],
      1
    ],
    [
      "surging, replaces what does not work beyond the limit",
      { nodes: "A B", pods: ["p@A old unready", "q@B old unready"], rolling: surge(1) },
      ["A", "B"],
      0
    ],
    [
      "surging, ends what does not work where none should be",
      { nodes: "a", pods: ["p@A old unready"], rolling: surge(1) },
      [],
      1
    ],
    [
      "surging, leaves a node when there are enough elsewhere",
      { nodes: "a B", pods: ["p@A old", "q@B"], rolling: surge(1) },
      [],
      1
    ],
    ["surging, but not before", { nodes: "a B", pods: ["p@A old", "q@B unready"], rolling: surge(1) }, [], 0]
  ]
  test.each(cases)("%s", (_, given, create, removed) => {
    const step = nextStep(situation(given))
    expect({ create: [...step.create].sort(), removed: step.remove.length }).toEqual({ create: [...create], removed })
  })
  test("can always go on", () => {
    expect(limitsOf(situation({ nodes: "A B", pods: [], rolling: { maxUnavailable: 0, maxSurge: 0 } }))).toEqual({
      surge: 0,
      unavailable: 1
    })
  })
})

describe("the status", () => {
  const given = situation({
    nodes: "A B C d",
    pods: ["p@A", "q@B old", "r@C unready", "s@D"],
    minReadySeconds: 30
  })
  test("counts nodes by what their first pod is", () => {
    expect(statusOf(given, 2, true)).toEqual({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 3,
      numberMisscheduled: 1,
      numberReady: 2,
      numberAvailable: 2,
      numberUnavailable: 1,
      updatedNumberScheduled: 2,
      observedGeneration: 2,
      collisionCount: 2
    })
  })
  test("has seen a generation only when it was acted upon", () => {
    expect(statusOf(given, 0, false).observedGeneration).toBe(1)
  })
  test("changes when the next ready pod has been so for long enough", () => {
    const young = situation({ nodes: "A", pods: ["p@A young"], minReadySeconds: 30 })
    expect(statusOf(young, 0, true)).toMatchObject({ numberReady: 1, numberUnavailable: 1 })
    expect(untilNextAvailable(young)).toBe(20_000)
    expect(untilNextAvailable(given)).toBeUndefined()
  })
})

test("a rollout ends with every pod new, and never leaves more nodes without one than it may", () => {
  for (const maxUnavailable of [1, 2, "50%"]) {
    let pods = ["p@A old", "q@B old", "r@C old", "s@D old", "t@E old"]
    const allowed = limitsOf(situation({ nodes: "A B C D E", pods: [], rolling: { maxUnavailable } })).unavailable
    for (let round = 0; round < 20 && pods.some((text) => text.includes("old")); round++) {
      const given = situation({ nodes: "A B C D E", pods, rolling: { maxUnavailable } })
      const gone = names(nextStep(given).remove)
      expect(gone.length).toBeLessThanOrEqual(allowed)
      expect(gone.length).toBeGreaterThan(0)
      pods = pods.map((text) => (gone.includes(text[0]) ? `${text.slice(0, 3)}` : text))
    }
    expect(pods.every((text) => !text.includes("old"))).toBe(true)
  }
})
