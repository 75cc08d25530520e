import { expect, test } from "bun:test"
import { findResource, type KubernetesObject, resources } from "@tsukube/api"
import type { Pod } from "@tsukube/api/core-v1"
import { summarizePod } from "./columns/pod.ts"
import { humanDuration } from "./duration.ts"
import { toTable } from "./table.ts"

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const now = Date.parse("2026-01-01T00:00:00Z")

test("durations have two units where the second still matters", () => {
  const cases: ReadonlyArray<readonly [number, string]> = [
    [-5 * second, "<invalid>"],
    [0, "0s"],
    [119 * second, "119s"],
    [2 * minute, "2m"],
    [9 * minute + 5 * second, "9m5s"],
    [10 * minute + 5 * second, "10m"],
    [179 * minute, "179m"],
    [3 * hour, "3h"],
    [7 * hour + 59 * minute, "7h59m"],
    [47 * hour, "47h"],
    [2 * day, "2d"],
    [7 * day + 23 * hour, "7d23h"],
    [8 * day + hour, "8d"],
    [729 * day, "729d"],
    [2 * 365 * day + 3 * day, "2y3d"],
    [8 * 365 * day, "8y"]
  ]
  for (const [milliseconds, text] of cases) expect(humanDuration(milliseconds)).toBe(text)
})

const container = (name: string) => ({ name, image: "x" })
const running = (name: string, ready = true) => ({
  name,
  image: "x",
  imageID: "",
  ready,
  restartCount: 0,
  state: { running: { startedAt: "2025-12-31T23:00:00Z" } }
})
const waiting = (name: string, reason: string) => ({ ...running(name, false), state: { waiting: { reason } } })
const terminated = (name: string, exitCode: number, reason?: string) => ({
  ...running(name, false),
  state: { terminated: { exitCode, ...(reason === undefined ? {} : { reason }) } }
})
const pod = (status: Pod["status"], rest: Partial<NonNullable<Pod["spec"]>> = {}, metadata: Pod["metadata"] = {}): Pod => ({
  metadata: { name: "p", ...metadata },
  spec: { containers: [container("a")], ...rest },
  ...(status === undefined ? {} : { status })
})
const statusOf = (value: Pod) => summarizePod(value).status

test("the status of a pod is its most telling container's, else the phase", () => {
  expect(statusOf(pod({ phase: "Pending" }))).toBe("Pending")
  expect(statusOf(pod({ phase: "Pending", containerStatuses: [waiting("a", "ContainerCreating")] }))).toBe("ContainerCreating")
  expect(statusOf(pod({ phase: "Running", containerStatuses: [running("a")] }))).toBe("Running")
  expect(statusOf(pod({ phase: "Running", containerStatuses: [waiting("a", "CrashLoopBackOff")] }))).toBe("CrashLoopBackOff")
  expect(statusOf(pod({ phase: "Succeeded", containerStatuses: [terminated("a", 0, "Completed")] }))).toBe("Completed")
  expect(statusOf(pod({ phase: "Failed", containerStatuses: [terminated("a", 3)] }))).toBe("ExitCode:3")
  expect(statusOf(pod({ phase: "Failed", reason: "Evicted" }))).toBe("Evicted")
  expect(
    statusOf(pod({ phase: "Running", containerStatuses: [running("a")] }, {}, { deletionTimestamp: "2026-01-01T00:00:00Z" }))
  ).toBe("Terminating")
})

test("a pod that initialises says how far it is", () => {
  const spec = { initContainers: [container("i"), container("j")] }
  const init = (...initContainerStatuses: Array<ReturnType<typeof running>>) =>
    statusOf(
      pod(
        { phase: "Pending", initContainerStatuses, containerStatuses: [waiting("a", "PodInitializing")] } as Pod["status"],
        spec
      )
    )
  expect(init(running("i"), waiting("j", "PodInitializing") as never)).toBe("Init:0/2")
  expect(init(terminated("i", 0) as never, running("j"))).toBe("Init:1/2")
  expect(init(terminated("i", 1, "Error") as never)).toBe("Init:Error")
  expect(init(waiting("i", "ImagePullBackOff") as never)).toBe("Init:ImagePullBackOff")
})

test("a started sidecar counts as ready and does not hold the status back", () => {
  const sidecar = { ...container("s"), restartPolicy: "Always" as const }
  const summary = summarizePod(
    pod(
      { phase: "Running", initContainerStatuses: [{ ...running("s"), started: true }], containerStatuses: [running("a")] },
      { initContainers: [sidecar] }
    )
  )
  expect(summary).toMatchObject({ status: "Running", ready: 2, total: 2 })
})

const tableOf = (plural: string, group: string, object: KubernetesObject) => {
  const resource = findResource(group, "v1", plural)!
  const { columnDefinitions, rows } = toTable([object], resource, { includeObject: "None", now })
  return Object.fromEntries(columnDefinitions.map(({ name }, index) => [name, rows[0]!.cells[index]]))
}

test("restarts say when the last was", () => {
  const restarted = {
    ...running("a"),
    restartCount: 3,
    lastState: { terminated: { exitCode: 1, finishedAt: "2025-12-31T23:55:00Z" } }
  }
  const value = pod({ phase: "Running", containerStatuses: [restarted] }, {}, { creationTimestamp: "2025-12-30T00:00:00Z" })
  expect(tableOf("pods", "", value)).toMatchObject({ Name: "p", Ready: "1/1", Restarts: "3 (5m ago)", Age: "2d", IP: "<none>" })
})

test("services show their addresses and ports", () => {
  const service = {
    metadata: { name: "s" },
    spec: {
      type: "NodePort",
      clusterIPs: ["10.96.0.9"],
      ports: [
        { port: 80, nodePort: 30080, protocol: "TCP" },
        { port: 53, protocol: "UDP" }
      ],
      selector: { b: "2", a: "1" }
    }
  }
  expect(tableOf("services", "", service)).toEqual({
    Name: "s",
    Type: "NodePort",
    "Cluster-IP": "10.96.0.9",
    "External-IP": "<none>",
    "Port(s)": "80:30080/TCP,53/UDP",
    Age: "<unknown>",
    Selector: "a=1,b=2"
  })
})

test("no kind's columns fail on an object that has next to nothing", () => {
  const required: Readonly<Record<string, object>> = {
    spec: { drivers: [], source: {}, template: {}, jobTemplate: {}, scaleTargetRef: {} },
    roleRef: { kind: "Role", name: "x" }
  }
  for (const resource of resources) {
    const object = { metadata: { name: "x" }, ...required } as KubernetesObject
    const table = toTable([object], resource, { includeObject: "Metadata", now })
    expect(table.columnDefinitions.length).toBe(table.rows[0]!.cells.length)
  }
})
