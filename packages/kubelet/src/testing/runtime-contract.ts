/** What every container runtime must do, as a suite that each implementation passes. @module */
import { describe, expect, test } from "bun:test"
import { eventually } from "@tsukube/testing"
import { Effect } from "effect"
import { type ContainerRuntime, type ContainerSpec, labelKeys, type RuntimeError, type SandboxSpec } from "../runtime.ts"

let pods = 0

/** A sandbox of a pod of its own, on the pod network. */
export const sandboxSpec = (logDirectory: string, more: Partial<SandboxSpec> = {}): SandboxSpec => {
  const uid = `pod-${process.pid}-${pods++}`
  return {
    name: uid,
    namespace: "default",
    uid,
    attempt: 0,
    hostname: uid,
    logDirectory: `${logDirectory}/${uid}`,
    portMappings: [],
    labels: { [labelKeys.podUid]: uid, [labelKeys.podName]: uid, [labelKeys.podNamespace]: "default" },
    annotations: {},
    cgroupParent: "",
    sysctls: {},
    share: { network: false, pid: false, ipc: false, processes: false },
    privileged: false,
    supplementalGroups: [],
    seccomp: { type: "RuntimeDefault" },
    handler: "",
    ...more
  }
}

/** A container that sleeps until it is stopped. */
export const containerSpec = (sandbox: SandboxSpec, more: Partial<ContainerSpec> = {}): ContainerSpec => ({
  name: "main",
  attempt: 0,
  image: "docker.io/library/busybox:1.36",
  command: ["sleep", "3600"],
  args: [],
  workingDir: "",
  ports: [],
  environment: [],
  mounts: [],
  labels: { ...sandbox.labels, [labelKeys.container]: "main" },
  annotations: { note: "kept" },
  logPath: "main/0.log",
  stdin: false,
  stdinOnce: false,
  tty: false,
  resources: { cpuShares: 2, cpuQuota: 0, cpuPeriod: 100_000, memoryLimitBytes: 0, oomScoreAdjust: 1000 },
  security: {
    privileged: false,
    capabilities: { add: [], drop: [] },
    supplementalGroups: [],
    readOnlyRootFilesystem: false,
    noNewPrivileges: false,
    seccomp: { type: "RuntimeDefault" },
    unmaskedProc: false
  },
  ends: "never",
  ...more
})

/** Runs the suite; `open` gives the runtime, with the busybox image on it, and a folder for logs. */
export const runtimeContract = (
  name: string,
  open: () => { readonly runtime: ContainerRuntime; readonly logDir: string }
): void => {
  const run = <A>(use: (runtime: ContainerRuntime) => Effect.Effect<A, RuntimeError>): Promise<A> =>
    Effect.runPromise(use(open().runtime))
  const spec = (more: Partial<SandboxSpec> = {}) => sandboxSpec(open().logDir, more)

  describe(`${name} is a container runtime`, () => {
    test("a sandbox is ready, has an address of its own, and loses it when it is stopped", async () => {
      const [one, two] = [spec(), spec()]
      const ids = [await run((runtime) => runtime.runSandbox(one)), await run((runtime) => runtime.runSandbox(two))]
      const [first] = (await run((runtime) => runtime.pod(one.uid))).sandboxes
      const [second] = (await run((runtime) => runtime.pod(two.uid))).sandboxes
      expect(first).toMatchObject({
        id: ids[0] ?? "",
        podUid: one.uid,
        podName: one.name,
        podNamespace: "default",
        attempt: 0,
        ready: true
      })
      expect(first?.ips).toHaveLength(1)
      expect(first?.ips).not.toEqual(second?.ips ?? [])
      for (const id of ids) await run((runtime) => runtime.stopSandbox(id))
      expect((await run((runtime) => runtime.pod(one.uid))).sandboxes[0]?.ready).toBe(false)
      for (const id of ids) await run((runtime) => runtime.stopSandbox(id))
      for (const id of ids) await run((runtime) => runtime.removeSandbox(id))
      expect(await run((runtime) => runtime.pod(one.uid))).toEqual({ sandboxes: [], containers: [] })
    })

    test("a sandbox on the node's network has no address", async () => {
      const shared = spec({ hostname: "", share: { network: true, pid: false, ipc: false, processes: false } })
      const id = await run((runtime) => runtime.runSandbox(shared))
      expect((await run((runtime) => runtime.pod(shared.uid))).sandboxes[0]?.ips).toEqual([])
      await run((runtime) => runtime.stopSandbox(id))
      await run((runtime) => runtime.removeSandbox(id))
    })

    test("a container is created, runs, is stopped and removed; the list's fingerprint tells each change", async () => {
      const sandbox = spec()
      const sandboxId = await run((runtime) => runtime.runSandbox(sandbox))
      const prints: Array<string | undefined> = []
      const look = async () => {
        prints.push((await run((runtime) => runtime.pods)).find(({ uid }) => uid === sandbox.uid)?.fingerprint)
        return (await run((runtime) => runtime.pod(sandbox.uid))).containers
      }
      const id = await run((runtime) => runtime.createContainer(sandboxId, containerSpec(sandbox), sandbox))
      const created = {
        id,
        sandboxId,
        podUid: sandbox.uid,
        name: "main",
        attempt: 0,
        image: "docker.io/library/busybox:1.36",
        state: "created"
      }
      expect(await look()).toMatchObject([created])
      await run((runtime) => runtime.startContainer(id))
      const [running] = await look()
      expect(running).toMatchObject({ state: "running", annotations: { note: "kept" }, finishedAt: 0 })
      expect(running?.startedAt).toBeGreaterThan(0)
      await run((runtime) => runtime.stopContainer(id, 0))
      const [exited] = await eventually(async () => {
        const found = await look()
        return found[0]?.state === "exited" && found
      })
      expect(exited?.finishedAt).toBeGreaterThanOrEqual(running?.startedAt ?? 0)
      await run((runtime) => runtime.stopContainer(id, 0))
      await run((runtime) => runtime.removeContainer(id))
      expect(await look()).toEqual([])
      expect(new Set(prints).size).toBe(4)
      await run((runtime) => runtime.stopSandbox(sandboxId))
      await run((runtime) => runtime.removeSandbox(sandboxId))
    })

    test("instances come newest first, and end with their sandbox", async () => {
      const sandbox = spec()
      const sandboxId = await run((runtime) => runtime.runSandbox(sandbox))
      for (const attempt of [0, 1]) {
        const log = { attempt, logPath: `main/${attempt}.log` }
        const id = await run((runtime) => runtime.createContainer(sandboxId, containerSpec(sandbox, log), sandbox))
        await run((runtime) => runtime.startContainer(id))
      }
      expect((await run((runtime) => runtime.pod(sandbox.uid))).containers.map(({ attempt }) => attempt)).toEqual([1, 0])
      await run((runtime) => runtime.stopSandbox(sandboxId))
      await eventually(async () => {
        const { containers } = await run((runtime) => runtime.pod(sandbox.uid))
        return containers.every(({ state }) => state === "exited")
      })
      for (const { id } of (await run((runtime) => runtime.pod(sandbox.uid))).containers)
        await run((runtime) => runtime.removeContainer(id))
      await run((runtime) => runtime.removeSandbox(sandboxId))
    })

    test("what is not there need not be stopped or removed, and cannot be started", async () => {
      await run((runtime) => runtime.stopContainer("nothing", 0))
      await run((runtime) => runtime.removeContainer("nothing"))
      await run((runtime) => runtime.stopSandbox("nothing"))
      await run((runtime) => runtime.removeSandbox("nothing"))
      const error = await run((runtime) => Effect.flip(runtime.startContainer("nothing")) as Effect.Effect<RuntimeError>)
      expect(error).toMatchObject({ _tag: "RuntimeError", code: "NotFound" })
    })

    test("an image is found by the name it is used under", async () => {
      const image = await run((runtime) => runtime.image("docker.io/library/busybox:1.36"))
      expect(image?.tags).toContain("docker.io/library/busybox:1.36")
      expect(await run((runtime) => runtime.image("registry.invalid/nothing:1"))).toBeUndefined()
      expect((await run((runtime) => runtime.images)).map(({ id }) => id)).toContain(image?.id ?? "")
    })
  })
}
