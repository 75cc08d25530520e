/** Init containers, containers that fail, and kernel settings that no node takes. @module */
import { type PodSpec, pods } from "@tsukube/api/core-v1"
import { awaitPodGone, awaitReady, pausePod } from "../pods.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectRefused, expectThat } from "../suite.ts"

/** Has /bin/true and /bin/false. */
const shellImage = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"

const initContainers = ["init1", "init2"].map((name) => ({ name, image: shellImage, command: ["/bin/true"] }))

const initialized = async (cluster: Cluster, name: string, phase: string): Promise<void> => {
  const { status } = await cluster.client.get(pods, { namespace: cluster.namespace, name })
  expectEqual(status?.phase, phase, "the phase")
  const condition = status?.conditions?.find(({ type }) => type === "Initialized")
  expectEqual(condition?.status, "True", "the Initialized condition")
  for (const { name: init, ready, state } of status?.initContainerStatuses ?? []) {
    expectEqual([ready, state?.terminated?.exitCode], [true, 0], `readiness and exit code of ${init}`)
  }
  expectEqual(status?.initContainerStatuses?.length, 2, "init containers with a status")
}

const always: ConformanceTest = {
  name: "[sig-node] InitContainer should invoke init containers on a RestartAlways pod",
  run: async (cluster) => {
    const pod = pausePod(cluster, "init-always", {}, { initContainers, restartPolicy: "Always" })
    await cluster.client.create(pods, pod)
    await awaitReady(cluster, "init-always")
    await initialized(cluster, "init-always", "Running")
  }
}

const never: ConformanceTest = {
  name: "[sig-node] InitContainer should invoke init containers on a RestartNever pod",
  run: async (cluster) => {
    const { client, namespace, eventually } = cluster
    const containers = [{ name: "run1", image: shellImage, command: ["/bin/true"] }]
    const spec: Partial<PodSpec> = { initContainers, containers, restartPolicy: "Never" }
    await client.create(pods, pausePod(cluster, "init-never", {}, spec))
    await eventually(
      "the pod has succeeded",
      async () => {
        expectEqual((await client.get(pods, { namespace, name: "init-never" })).status?.phase, "Succeeded", "the phase")
        return true
      },
      180_000
    )
    await initialized(cluster, "init-never", "Succeeded")
  }
}

const failing: ConformanceTest = {
  name: "[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should be possible to delete",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const containers = [{ name: "bin-false", image: shellImage, command: ["/bin/false"] }]
    await client.create(pods, pausePod(cluster, "bin-false", {}, { containers }))
    await client.delete(pods, { namespace, name: "bin-false" })
    await awaitPodGone(cluster, "bin-false")
  }
}

const sysctls: ConformanceTest = {
  name: "[sig-node] Sysctls [LinuxOnly] should reject invalid sysctls [MinimumKubeletVersion:1.21]",
  run: async (cluster) => {
    const names = ["foo-", "kernel.shmmax", "safe-and-unsafe", "bar.."]
    const securityContext = { sysctls: names.map((name) => ({ name, value: "100000000" })) }
    const create = cluster.client.create(pods, pausePod(cluster, "sysctls", {}, { securityContext }))
    const refusal = await expectRefused(create, 422, "a pod with names that are no sysctls")
    for (const index of [0, 3]) {
      const path = `spec.securityContext.sysctls[${index}].name`
      expectThat(refusal.message.includes(`${path}: Invalid value`), `${path} is refused in: ${refusal.message}`)
    }
    for (const index of [1, 2]) {
      expectThat(!refusal.message.includes(`sysctls[${index}]`), `${names[index]} is no bad name: ${refusal.message}`)
    }
  }
}

export const containerTests: ReadonlyArray<ConformanceTest> = [always, never, failing, sysctls]
