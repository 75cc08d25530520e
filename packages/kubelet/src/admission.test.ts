import { describe, expect, test } from "bun:test"
import type { ContainerPort, Pod, PodStatus } from "@tsukube/api/core-v1"
import { rejectionOf } from "./admission.ts"

const pod = (port: Partial<ContainerPort>, status: PodStatus = {}): Pod => ({
  metadata: { name: "p" },
  spec: { containers: [{ name: "c", image: "i", ports: [{ containerPort: 80, ...port }] }] },
  status
})
const started: PodStatus = { phase: "Running", startTime: "2026-01-01T00:00:00Z" }

describe("a pod on a node where another one has", () => {
  const cases: ReadonlyArray<readonly [what: string, wanted: Partial<ContainerPort>, taken: Pod, isRefused: boolean]> = [
    ["the same port", { hostPort: 80 }, pod({ hostPort: 80 }, started), true],
    ["another port", { hostPort: 81 }, pod({ hostPort: 80 }, started), false],
    ["that port for itself only", { hostPort: 80 }, pod({}, started), false],
    ["the port of another protocol", { hostPort: 80, protocol: "UDP" }, pod({ hostPort: 80 }, started), false],
    [
      "the port of another address",
      { hostPort: 80, hostIP: "1.1.1.1" },
      pod({ hostPort: 80, hostIP: "1.1.1.2" }, started),
      false
    ],
    ["the port of all addresses", { hostPort: 80, hostIP: "1.1.1.1" }, pod({ hostPort: 80 }, started), true],
    ["the port and has ended", { hostPort: 80 }, pod({ hostPort: 80 }, { phase: "Failed" }), false]
  ]
  test.each(cases)("%s", (_, wanted, taken, isRefused) => {
    expect(rejectionOf(pod(wanted), () => [taken]) !== undefined).toBe(isRefused)
  })
  test("it runs already", () => {
    expect(rejectionOf(pod({ hostPort: 80 }, started), () => [pod({ hostPort: 80 }, started)])).toBeUndefined()
  })
})
