import { describe, expect, test } from "bun:test"
import type { Container, Pod } from "@tsukube/api/core-v1"
import { makeBackOff } from "./back-off.ts"
import { containerHash, type PodFacts, planPod, restartsAfter } from "./restart.ts"
import { annotationKeys, type RuntimeContainer, type RuntimePod, type RuntimeSandbox } from "./runtime.ts"

const now = 1_000_000

const podWith = (spec: Partial<NonNullable<Pod["spec"]>>, phase?: "Succeeded" | "Failed"): Pod => ({
  metadata: { name: "p", namespace: "ns", uid: "u" },
  spec: { containers: [{ name: "main", image: "a" }], ...spec },
  status: phase === undefined ? {} : { phase }
})

const sandbox: RuntimeSandbox = {
  id: "s0",
  podUid: "u",
  podName: "p",
  podNamespace: "ns",
  attempt: 0,
  ready: true,
  createdAt: 1,
  ips: ["10.0.0.1"]
}

const container = (name: string, state: RuntimeContainer["state"], more: Partial<RuntimeContainer> = {}): RuntimeContainer => ({
  id: `${name}-0`,
  sandboxId: "s0",
  podUid: "u",
  name,
  attempt: 0,
  state,
  createdAt: 1,
  startedAt: 2,
  finishedAt: state === "exited" ? now - 1000 : 0,
  exitCode: 0,
  reason: "",
  message: "",
  image: "a",
  imageId: "",
  logPath: "",
  annotations: {},
  ...more
})

const plan = (pod: Pod, runtime: Partial<RuntimePod>, more: Partial<PodFacts> = {}) =>
  planPod({
    pod,
    runtime: { sandboxes: [sandbox], containers: [], ...runtime },
    now,
    backOff: makeBackOff(10_000, 300_000),
    started: () => true,
    unhealthy: () => undefined,
    ...more
  })
const started = (result: ReturnType<typeof plan>) => result.start.map(({ container: { name }, attempt }) => `${name}#${attempt}`)
const stopped = (result: ReturnType<typeof plan>) => result.stop.map(({ message }) => message)

describe("the sandbox", () => {
  test("is made first, and anew under the next number when it is gone", () => {
    expect(plan(podWith({}), { sandboxes: [] })).toMatchObject({ newSandbox: 0, start: [] })
    const dead = { ...sandbox, ready: false }
    const again = plan(podWith({}), { sandboxes: [dead], containers: [container("main", "running")] })
    expect(again).toMatchObject({ newSandbox: 1 })
    expect(stopped(again)).toEqual(["Stopping container main"])
  })
  test("without an address is no sandbox, except on the node's network", () => {
    expect(plan(podWith({}), { sandboxes: [{ ...sandbox, ips: [] }] }).newSandbox).toBe(1)
    expect(started(plan(podWith({ hostNetwork: true }), { sandboxes: [{ ...sandbox, ips: [] }] }))).toEqual(["main#0"])
  })
  test("is not made again for a pod that has run its course", () => {
    const runtime = { sandboxes: [{ ...sandbox, ready: false }], containers: [container("main", "exited")] }
    expect(plan(podWith({ restartPolicy: "OnFailure" }), runtime)).toMatchObject({ finished: true })
    expect(plan(podWith({ restartPolicy: "Never" }), runtime).newSandbox).toBeUndefined()
    expect(plan(podWith({}), runtime).newSandbox).toBe(1)
  })
})

test("what the runtime has lost goes on counting, and is not run twice where it must not be", () => {
  const status = {
    containerStatuses: [{ name: "main", image: "a", imageID: "", ready: true, restartCount: 3, containerID: "x://1" }]
  }
  expect(started(plan({ ...podWith({}), status }, {}))).toEqual(["main#4"])
  expect(plan({ ...podWith({ restartPolicy: "Never" }), status }, { sandboxes: [] })).toMatchObject({ finished: true, start: [] })
})

describe("restart policies", () => {
  const cases: ReadonlyArray<readonly [policy: "Always" | "OnFailure" | "Never", exitCode: number, restarts: boolean]> = [
    ["Always", 0, true],
    ["Always", 1, true],
    ["OnFailure", 0, false],
    ["OnFailure", 1, true],
    ["Never", 0, false],
    ["Never", 1, false]
  ]
  test.each(cases)("%s after exit code %d: %p", (restartPolicy, exitCode, restarts) => {
    const result = plan(podWith({ restartPolicy }), { containers: [container("main", "exited", { exitCode })] })
    expect(started(result)).toEqual(restarts ? ["main#1"] : [])
    expect(result.finished).toBe(!restarts)
  })
  test("a container's own rules come before its policy, and that before the pod's", () => {
    const rules: Container = {
      name: "main",
      restartPolicy: "Never",
      restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }]
    }
    expect(restartsAfter(podWith({}), rules, 42)).toBe(true)
    expect(restartsAfter(podWith({}), rules, 1)).toBe(false)
    expect(restartsAfter(podWith({ restartPolicy: "Never" }), { name: "x", restartPolicy: "OnFailure" }, 1)).toBe(true)
  })
  test("a pod that has ended is only ever stopped", () => {
    const result = plan(podWith({}, "Failed"), { containers: [container("main", "running")] })
    expect(result.start).toEqual([])
    expect(stopped(result)).toEqual(["Stopping container main"])
  })
})

describe("the back-off", () => {
  test("lets the first restart pass, then waits 10 s, 20 s, 40 s … 5 min, and begins anew after a long good time", () => {
    const backOff = makeBackOff(10_000, 300_000)
    const delays: Array<number> = []
    let time = 0
    for (let round = 0; round < 8; round++) {
      const wait = backOff.remaining("k", time, time)
      delays.push(wait)
      backOff.next("k", time, time + wait)
      time += wait + 1
    }
    expect(delays).toEqual([0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000])
    expect(backOff.remaining("k", time + 1_000_000, time + 1_000_000)).toBe(0)
  })
  test("shows in the plan as CrashLoopBackOff with upstream's words", () => {
    const backOff = makeBackOff(10_000, 300_000)
    const pod = podWith({})
    backOff.next(`u/main/${containerHash({ name: "main", image: "a" })}`, now - 2000, now - 2000)
    const result = plan(pod, { containers: [container("main", "exited", { exitCode: 1 })] }, { backOff })
    expect(result.start).toEqual([])
    expect(result.againMs).toBe(9000)
    expect(result.waiting.get("main")).toEqual({
      reason: "CrashLoopBackOff",
      message: "back-off 10s restarting failed container=main pod=p_ns(u)"
    })
  })
})

describe("init containers", () => {
  const initContainers: ReadonlyArray<Container> = [
    { name: "one", image: "a" },
    { name: "side", image: "a", restartPolicy: "Always" },
    { name: "two", image: "a" }
  ]
  const pod = podWith({ initContainers })
  const one = container("one", "exited")
  const side = container("side", "running")
  const two = container("two", "exited")
  test("come one after the other, sidecars once they have started, the rest after all of them", () => {
    expect(started(plan(pod, {}))).toEqual(["one#0"])
    expect(started(plan(pod, { containers: [container("one", "running")] }))).toEqual([])
    expect(started(plan(pod, { containers: [one] }))).toEqual(["side#0"])
    expect(started(plan(pod, { containers: [side, one] }, { started: () => false }))).toEqual([])
    expect(started(plan(pod, { containers: [side, one] }))).toEqual(["two#0"])
    expect(started(plan(pod, { containers: [two, side, one] }))).toEqual(["main#0"])
  })
  test("are tried again when they fail, or fail a pod that never restarts", () => {
    const failed = container("one", "exited", { exitCode: 1 })
    expect(started(plan(pod, { containers: [failed] }))).toEqual(["one#1"])
    const never = podWith({ initContainers, restartPolicy: "Never" })
    expect(plan(never, { containers: [failed] })).toMatchObject({ finished: true, start: [] })
  })
  test("run again in a new sandbox, and not while the pod's containers are there", () => {
    expect(started(plan(pod, { containers: [{ ...one, sandboxId: "older" }] }))).toEqual(["one#1"])
    const lost = plan(pod, { containers: [container("main", "running"), two, side, container("one", "exited", { exitCode: 1 })] })
    expect(started(lost)).toEqual([])
  })
  test("a sidecar is started again beside the running pod, and stopped after it", () => {
    const deadSide = container("side", "exited", { exitCode: 1 })
    expect(started(plan(pod, { containers: [container("main", "running"), two, deadSide, one] }))).toEqual(["side#1"])
    const never = podWith({ initContainers, restartPolicy: "Never" })
    const done = plan(never, { containers: [container("main", "exited"), two, side, one] })
    expect(stopped(done)).toEqual(["Stopping container side"])
    expect(done.finished).toBe(true)
  })
})

test("a container whose probe has failed or whose image has changed is stopped", () => {
  const running = container("main", "running", {
    annotations: { [annotationKeys.hash]: containerHash({ name: "main", image: "a" }) }
  })
  expect(stopped(plan(podWith({}), { containers: [running] }))).toEqual([])
  const unhealthy = () => "liveness" as const
  expect(stopped(plan(podWith({}), { containers: [running] }, { unhealthy }))).toEqual([
    "Container main failed liveness probe, will be restarted"
  ])
  const changed = plan(podWith({ containers: [{ name: "main", image: "b" }] }), { containers: [running] })
  expect(stopped(changed)).toEqual(["Container main definition changed, will be restarted"])
  expect(started(changed)).toEqual(["main#1"])
})
