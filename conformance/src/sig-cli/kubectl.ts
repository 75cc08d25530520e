/** The real kubectl for a test, bound to its cluster and namespace. @module */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Kubectl, kubectlFor, onPath } from "@tsukube/testing"
import type { Cluster, ConformanceTest } from "../suite.ts"

/** What a kubectl test is given besides its cluster. */
export interface KubectlCluster extends Cluster {
  readonly kubectl: Kubectl
  /** A folder of the test's own. */
  readonly folder: string
}

/** A test that runs kubectl; skipped where there is none. */
export const kubectlTest = (name: string, run: (cluster: KubectlCluster) => Promise<void>): ConformanceTest => ({
  name,
  skip: async () => (onPath("kubectl") ? undefined : "kubectl is not on the PATH"),
  run: async (cluster) => {
    const folder = await mkdtemp(join(tmpdir(), "conformance-"))
    cluster.afterwards(() => rm(folder, { recursive: true, force: true }))
    const bare = kubectlFor(cluster.kubeconfig, join(folder, "cache"))
    const words = (args: ReadonlyArray<string> | string) => [
      "--namespace",
      cluster.namespace,
      ...(typeof args === "string" ? args.split(/\s+/).filter(Boolean) : args)
    ]
    const kubectl: Kubectl = Object.assign(
      (args: Parameters<Kubectl>[0], options?: Parameters<Kubectl>[1]) => bare(words(args), options),
      { json: <A>(args: Parameters<Kubectl>[0], options?: Parameters<Kubectl>[1]) => bare.json<A>(words(args), options) }
    )
    await run({ ...cluster, kubectl, folder })
  }
})

/** Starts `kubectl proxy` with these flags and returns the first line that it prints; it ends with the test. */
export const startProxy = async (cluster: KubectlCluster, flags: ReadonlyArray<string>): Promise<string> => {
  const child: ChildProcess = spawn("kubectl", ["--kubeconfig", cluster.kubeconfig, "proxy", ...flags], {
    stdio: ["ignore", "pipe", "pipe"]
  })
  cluster.afterwards(async () => {
    if (child.exitCode !== null) return
    const ended = new Promise((done) => child.once("exit", done))
    child.kill("SIGTERM")
    await ended
  })
  return new Promise((resolve, reject) => {
    let output = ""
    let warnings = ""
    child.stdout?.on("data", (chunk) => {
      output += chunk
      const end = output.indexOf("\n")
      if (end !== -1) resolve(output.slice(0, end))
    })
    child.stderr?.on("data", (chunk) => (warnings += chunk))
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`kubectl proxy ended with ${code}: ${warnings}`)))
  })
}
