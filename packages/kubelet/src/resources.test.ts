import { expect, test } from "bun:test"
import type { Container, Pod } from "@tsukube/api/core-v1"
import { linuxResourcesOf, qosClassOf } from "./resources.ts"

const gib = 1024 ** 3
const podOf = (...containers: ReadonlyArray<Container["resources"]>): Pod => ({
  spec: {
    containers: containers.map((resources, index) => ({ name: `c${index}`, ...(resources === undefined ? {} : { resources }) }))
  }
})

test("the quality of service is upstream's", () => {
  expect(qosClassOf(podOf(undefined))).toBe("BestEffort")
  expect(qosClassOf(podOf({ requests: { cpu: "1" } }))).toBe("Burstable")
  const limits = { cpu: "1", memory: "1Gi" }
  expect(qosClassOf(podOf({ limits }))).toBe("Guaranteed")
  expect(qosClassOf(podOf({ limits, requests: { cpu: "1000m", memory: "1024Mi" } }))).toBe("Guaranteed")
  expect(qosClassOf(podOf({ limits, requests: { cpu: "500m" } }))).toBe("Burstable")
  expect(qosClassOf(podOf({ limits }, undefined))).toBe("Burstable")
})

test("the kernel's numbers", () => {
  const pod = podOf({ requests: { cpu: "250m", memory: "2Gi" }, limits: { cpu: "500m", memory: "4Gi" } })
  expect(linuxResourcesOf(pod, pod.spec!.containers[0]!, 8 * gib)).toEqual({
    cpuShares: 256,
    cpuQuota: 50_000,
    cpuPeriod: 100_000,
    memoryLimitBytes: 4 * gib,
    oomScoreAdjust: 750
  })
  const idle = podOf(undefined)
  expect(linuxResourcesOf(idle, idle.spec!.containers[0]!, 8 * gib)).toMatchObject({
    cpuShares: 2,
    cpuQuota: 0,
    oomScoreAdjust: 1000
  })
})
