/** Starts the cluster command as a user would, in a process of its own, and hands out a kubectl for it. @module */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { type Kubectl, kubectlFor } from "@tsukube/testing"

const repository = resolve(import.meta.dirname, "..")

export interface ClusterProcess {
  readonly pid: number
  readonly dataDir: string
  readonly kubeconfig: string
  readonly kubectl: Kubectl
  /** Everything it printed so far. */
  readonly output: () => string
  /** Sends the signal and waits for the end; resolves to the exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>
  /** Stops it if it still runs, and removes the data folder. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** The exit of a cluster that never became ready. */
export class ClusterFailed extends Error {
  readonly exitCode: number | null
  readonly output: string
  constructor(exitCode: number | null, output: string) {
    super(`the cluster ended with ${exitCode} before it was ready:\n${output}`)
    this.exitCode = exitCode
    this.output = output
  }
}

export interface StartOptions {
  readonly args?: ReadonlyArray<string>
  /** A data folder to go on with; default a new one, which is removed at the end. */
  readonly dataDir?: string
  readonly readyWithinMs?: number
}

export const freshFolder = (): string => mkdtempSync(join(tmpdir(), "tsukube-e2e-"))

const ended = (child: ChildProcess): Promise<number | null> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve(child.exitCode)
    : new Promise((done) => child.once("exit", (code) => done(code)))

/** Starts `bun run apps/cluster` and resolves once it says `cluster ready`; rejects with `ClusterFailed` when it ends before. */
export const startCluster = async (options: StartOptions = {}): Promise<ClusterProcess> => {
  const dataDir = options.dataDir ?? freshFolder()
  const args = ["run", "apps/cluster", "--data-dir", dataDir, "--secure-port", "0", ...(options.args ?? [])]
  const child = spawn("bun", args, { cwd: repository, stdio: ["ignore", "pipe", "pipe"] })
  let output = ""
  let stdout = ""
  child.stderr.on("data", (chunk) => (output += chunk))
  await new Promise<void>((ready, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL")
      reject(new Error(`the cluster was not ready in time:\n${output}`))
    }, options.readyWithinMs ?? 60_000)
    child.stdout.on("data", (chunk) => {
      output += chunk
      stdout += chunk
      if (!/^cluster ready in [\d.]+ s: export KUBECONFIG=.+$/m.test(stdout)) return
      clearTimeout(timer)
      ready()
    })
    child.once("error", reject)
    child.once("exit", (code) => {
      clearTimeout(timer)
      // Its last words may still be in the pipe.
      setTimeout(() => reject(new ClusterFailed(code, output)), 100)
    })
  })
  const kubeconfig = /export KUBECONFIG=(.+)$/m.exec(stdout)?.[1]?.trim() ?? ""
  const stop = (signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> => {
    child.kill(signal)
    return ended(child)
  }
  return {
    pid: child.pid ?? -1,
    dataDir,
    kubeconfig,
    kubectl: kubectlFor(kubeconfig, join(dataDir, "kubectl-cache")),
    output: () => output,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true })
    }
  }
}
