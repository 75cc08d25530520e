import { expect, setDefaultTimeout, test } from "bun:test"
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { run } from "@tsukube/host"
import { eventually } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"
import { type Containerd, startContainerd } from "./containerd.ts"
import { busyboxImage, pauseImage, writeImage } from "./oci-image.ts"
import { makeCri } from "./runtimes/cri.ts"
import { canRunContainers } from "./testing/node.ts"
import { containerSpec, sandboxSpec } from "./testing/runtime-contract.ts"

setDefaultTimeout(60_000)

/** The processes whose command line names the folder. */
const processesOf = async (dir: string): Promise<ReadonlyArray<number>> => {
  const { stdout } = await Effect.runPromise(run("ps", ["-eo", "pid=,args="]))
  return stdout
    .split("\n")
    .filter((line) => line.includes(dir) && /containerd/.test(line))
    .map((line) => Number.parseInt(line, 10))
}

test.skipIf(!canRunContainers("a private containerd"))(
  "containerd comes back after a crash with its pods, and leaves nothing",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "tsk-"))
    const images = join(dir, "images")
    const spec = sandboxSpec(join(dir, "logs"), {
      hostname: "",
      share: { network: true, pid: false, ipc: false, processes: false }
    })
    mkdirSync(images)
    writeImage(join(images, "pause.tar"), pauseImage())
    writeImage(join(images, "busybox.tar"), busyboxImage())
    const begin = async (keepContainers: boolean): Promise<{ scope: Scope.Closeable; containerd: Containerd }> => {
      const scope = Scope.makeUnsafe()
      return { scope, containerd: await Effect.runPromise(Scope.provide(startContainerd({ dir, keepContainers }), scope)) }
    }
    const inRuntime = <A>(
      containerd: Containerd,
      use: (runtime: Effect.Success<ReturnType<typeof makeCri>>) => Effect.Effect<A, unknown>
    ) => Effect.runPromise(Effect.scoped(Effect.flatMap(makeCri(containerd), use)))

    const first = await begin(true)
    await Effect.runPromise(first.containerd.importImages(images))
    const id = await inRuntime(first.containerd, (runtime) =>
      Effect.gen(function* () {
        const made = yield* runtime.createContainer(yield* runtime.runSandbox(spec), containerSpec(spec), spec)
        yield* runtime.startContainer(made)
        return made
      })
    )
    const stateOf = (containerd: Containerd) =>
      inRuntime(containerd, (runtime) => runtime.pod(spec.uid)).then(({ containers }) => containers)

    const { stdout } = await Effect.runPromise(run("pgrep", ["-f", `containerd --config ${dir}/config.toml`]))
    for (const pid of stdout.trim().split("\n")) process.kill(Number(pid), "SIGKILL")
    await eventually(async () =>
      (await stateOf(first.containerd)).some((container) => container.id === id && container.state === "running")
    )

    // Kept over the end of the scope, found again, and taken away when it is no longer to be kept.
    await Effect.runPromise(Scope.close(first.scope, Exit.void))
    const second = await begin(true)
    expect(await stateOf(second.containerd)).toMatchObject([{ id, state: "running" }])
    await Effect.runPromise(Scope.close(second.scope, Exit.void))
    const third = await begin(false)
    expect(await stateOf(third.containerd)).toEqual([])
    await Effect.runPromise(Scope.close(third.scope, Exit.void))

    expect(await processesOf(dir)).toEqual([])
    rmSync(dir, { recursive: true })
    expect(existsSync(dir)).toBe(false)
  }
)
