import { describe, expect, test } from "bun:test"
import type { Container, Pod, PodStatus } from "@tsukube/api/core-v1"
import { type StatusFacts, statusOf } from "./phase.ts"
import type { RuntimeContainer } from "./runtime.ts"

const now = Date.parse("2026-01-01T00:01:00Z")
const early = Date.parse("2026-01-01T00:00:00Z")

const podWith = (spec: Partial<NonNullable<Pod["spec"]>>, status: PodStatus = {}): Pod => ({
  metadata: { name: "p", namespace: "ns", uid: "u", generation: 2 },
  spec: { containers: [{ name: "main", image: "a" }], ...spec },
  status
})

const container = (name: string, state: RuntimeContainer["state"], exitCode = 0, attempt = 0): RuntimeContainer => ({
  id: `${name}-${attempt}`,
  sandboxId: "s0",
  podUid: "u",
  name,
  attempt,
  state,
  createdAt: early,
  startedAt: early,
  finishedAt: state === "exited" ? early + 1000 : 0,
  exitCode,
  reason: "",
  message: "",
  image: "docker.io/a",
  imageId: "sha256:1",
  logPath: "",
  annotations: {}
})

const status = (pod: Pod, containers: ReadonlyArray<RuntimeContainer>, more: Partial<StatusFacts> = {}): PodStatus =>
  statusOf({
    pod,
    runtime: {
      sandboxes: [
        { id: "s0", podUid: "u", podName: "p", podNamespace: "ns", attempt: 0, ready: true, createdAt: early, ips: ["10.0.0.9"] }
      ],
      containers
    },
    runtimeName: "containerd",
    now,
    hostIps: ["172.30.0.11"],
    waiting: new Map(),
    started: () => true,
    ready: () => true,
    terminationMessage: () => "",
    terminating: false,
    stopped: false,
    ...more
  })

const conditions = (result: PodStatus) => Object.fromEntries((result.conditions ?? []).map(({ type, ...rest }) => [type, rest]))

describe("the phase", () => {
  const init: Container = { name: "init", image: "a" }
  const side: Container = { name: "side", image: "a", restartPolicy: "Always" }
  const run = container("main", "running")
  const ok = container("main", "exited", 0)
  const bad = container("main", "exited", 1)
  const cases: ReadonlyArray<
    readonly [string, Partial<NonNullable<Pod["spec"]>>, ReadonlyArray<RuntimeContainer>, PodStatus["phase"]]
  > = [
    ["nothing there yet", {}, [], "Pending"],
    ["running", {}, [run], "Running"],
    ["exited and to be restarted", {}, [bad], "Running"],
    ["all succeeded", { restartPolicy: "Never" }, [ok], "Succeeded"],
    ["failed for good", { restartPolicy: "Never" }, [bad], "Failed"],
    ["failed, tried again", { restartPolicy: "OnFailure" }, [bad], "Running"],
    ["init running", { initContainers: [init] }, [container("init", "running")], "Pending"],
    ["init failed, tried again", { initContainers: [init] }, [container("init", "exited", 1)], "Pending"],
    ["init failed for good", { initContainers: [init], restartPolicy: "Never" }, [container("init", "exited", 1)], "Failed"],
    ["sidecar still running", { initContainers: [side], restartPolicy: "Never" }, [ok, container("side", "running")], "Running"],
    ["sidecar ended too", { initContainers: [side], restartPolicy: "Never" }, [ok, container("side", "exited", 143)], "Succeeded"]
  ]
  test.each(cases)("%s", (_, spec, containers, phase) => {
    expect(status(podWith(spec), containers).phase).toBe(phase)
  })
  test("an end is never taken back", () => {
    expect(status(podWith({}, { phase: "Failed" }), [run]).phase).toBe("Failed")
  })
  test("a pod that was stopped has ended, by its exit codes", () => {
    const ending = { terminating: true, stopped: true }
    expect(status(podWith({}), [ok], ending).phase).toBe("Succeeded")
    expect(status(podWith({}), [container("main", "exited", 137)], ending).phase).toBe("Failed")
  })
})

describe("conditions", () => {
  test("of a ready pod are all true, with the address and the generation", () => {
    const result = status(podWith({}), [container("main", "running")])
    expect(result).toMatchObject({
      podIP: "10.0.0.9",
      podIPs: [{ ip: "10.0.0.9" }],
      hostIP: "172.30.0.11",
      observedGeneration: 2
    })
    const byType = conditions(result)
    for (const type of ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]) {
      expect(byType[type]).toMatchObject({ status: "True", lastTransitionTime: "2026-01-01T00:01:00Z" })
    }
  })
  test("keep their time while they do not change", () => {
    const old = { conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2025-12-31T00:00:00Z" }] }
    expect(conditions(status(podWith({}, old), [container("main", "running")]))["Ready"]?.lastTransitionTime).toBe(
      "2025-12-31T00:00:00Z"
    )
  })
  test("name the containers that are not ready", () => {
    const result = status(podWith({}), [container("main", "running")], { ready: () => false })
    expect(conditions(result)["Ready"]).toMatchObject({
      status: "False",
      reason: "ContainersNotReady",
      message: "containers with unready status: [main]"
    })
  })
  test("wait for readiness gates", () => {
    const gated = podWith({ readinessGates: [{ conditionType: "example.com/lb" }] })
    expect(conditions(status(gated, [container("main", "running")]))["Ready"]).toMatchObject({
      reason: "ReadinessGatesNotReady",
      message: 'corresponding condition of pod readiness gate "example.com/lb" does not exist.'
    })
  })
})

describe("container statuses", () => {
  test("a container in back-off waits, and its end is the last state", () => {
    const waiting = new Map([["main", { reason: "CrashLoopBackOff", message: "back-off 10s" }]])
    const [main] =
      status(podWith({}), [container("main", "exited", 7, 1), container("main", "exited", 7, 0)], { waiting })
        .containerStatuses ?? []
    expect(main).toMatchObject({
      restartCount: 1,
      ready: false,
      started: false,
      state: { waiting: { reason: "CrashLoopBackOff" } },
      lastState: { terminated: { exitCode: 7, reason: "Error", containerID: "containerd://main-1" } }
    })
  })
  test("an init container that is done is ready, one that is to come waits for it", () => {
    const pod = podWith({ initContainers: [{ name: "init", image: "a" }] })
    const before = status(pod, [container("init", "running")])
    expect(before.initContainerStatuses?.[0]).toMatchObject({ ready: false, started: true })
    expect(before.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: "PodInitializing" } })
    expect(status(pod, [container("init", "exited")]).initContainerStatuses?.[0]).toMatchObject({ ready: true, started: false })
  })
  test("a container that was lost is said to be", () => {
    const old = {
      containerStatuses: [{ name: "main", image: "a", imageID: "", ready: true, restartCount: 0, state: { running: {} } }]
    }
    const [main] = status(podWith({}, old), [], { terminating: true, stopped: true }).containerStatuses ?? []
    expect(main?.state?.terminated).toMatchObject({ exitCode: 137, reason: "ContainerStatusUnknown" })
    expect(status(podWith({ restartPolicy: "Never" }, old), []).phase).toBe("Failed")
    const again = status(podWith({}, old), [])
    expect(again.containerStatuses?.[0]).toMatchObject({
      state: { waiting: { reason: "ContainerCreating" } },
      lastState: { terminated: { reason: "ContainerStatusUnknown" } }
    })
  })
})
