/** The conformance tests that look into containers, against nodes that have some; images are made here, no registry is asked. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { spawn } from "node:child_process"
import { mkdirSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { isRoot } from "@tsukube/host"
import { containerdInstalled } from "@tsukube/kubelet"
import { busyboxImage, writeImage } from "@tsukube/kubelet/oci-image"
import { onPath, requireTool } from "@tsukube/testing"
import { shellImage } from "../conformance/src/shell-pods.ts"
import { type ClusterProcess, freshFolder, startCluster } from "./cluster-process.ts"

const there = requireTool("conformance on real nodes", {
  root: isRoot(),
  containerd: containerdInstalled(),
  "busybox-static": onPath("busybox"),
  catatonit: onPath("catatonit"),
  iptables: onPath("iptables"),
  kubectl: onPath("kubectl")
})

/** The one image that these nodes have of those that only wait. */
const pause = ["--image", "registry.k8s.io/pause:3.9"]

/** What their names have in common. */
const focus = [
  "ConfigMap should be consumable.*env",
  "Secrets should be consumable.*env",
  "Downward API should provide",
  "Variable Expansion should allow (composing|substituting values in a container)",
  "Containers should be able",
  "Kubelet when scheduling a busybox",
  "over websockets",
  "Ephemeral Containers will start",
  "Container Runtime blackbox",
  "InitContainer should",
  "Kubectl logs",
  "Guestbook",
  "Proxy version v1"
].join("|")

describe.skipIf(!there)("conformance on real nodes", () => {
  const dataDir = freshFolder()
  const images = join(dataDir, "images")
  let cluster: ClusterProcess
  beforeAll(async () => {
    mkdirSync(images)
    writeImage(join(images, "busybox.tar"), busyboxImage(shellImage))
    cluster = await startCluster({ dataDir, args: ["--nodes", "2", "--runtime", "containerd", "--images", images] })
  }, 120_000)
  afterAll(async () => {
    await cluster?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }, 120_000)

  test("what containers see and say is what the names promise", async () => {
    const args = ["conformance/src/main.ts", "--kubeconfig", cluster.kubeconfig, "--focus", focus, "--parallel", "2", ...pause]
    const child = spawn("bun", args, { cwd: resolve(import.meta.dirname, ".."), stdio: ["ignore", "pipe", "pipe"] })
    let output = ""
    child.stdout.on("data", (chunk) => (output += chunk))
    child.stderr.on("data", (chunk) => (output += chunk))
    const code = await new Promise((done) => child.once("close", done))
    expect(output.match(/^FAIL .*(\n {14}.*)*/gm) ?? []).toEqual([])
    expect(code).toBe(0)
    expect(output.trimEnd().split("\n").at(-1)).toMatch(/^\d\d passed, 0 failed, 0 skipped$/)
  }, 900_000)
})
