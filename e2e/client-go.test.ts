/** Unmodified client-go, speaking protobuf, against the API server: built and run where Go is installed. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { createAuthority } from "@tsukube/apiserver/certificates"
import { type RunningApiserver, startApiserver } from "@tsukube/apiserver/promise"
import { makeMemory, Store } from "@tsukube/store"
import { onPath, requireTool } from "@tsukube/testing"
import { Layer } from "effect"

const there = requireTool("client-go", { go: onPath("go") })

describe.skipIf(!there)("client-go", () => {
  const folder = mkdtempSync(join(tmpdir(), "tsukube-client-go-"))
  const program = join(folder, "check")
  const kubeconfig = join(folder, "kubeconfig")
  // What is stored outlives the server: it is started again over the same store, at the same address.
  const store = Layer.succeed(Store, makeMemory())
  let server: RunningApiserver

  beforeAll(async () => {
    const built = spawnSync("go", ["build", "-o", program, "."], {
      cwd: resolve(import.meta.dirname, "client-go"),
      encoding: "utf8"
    })
    if (built.status !== 0) throw new Error(built.stderr)
    server = await startApiserver({ store, authority: await createAuthority() })
    writeFileSync(kubeconfig, server.kubeconfig)
  }, 600_000)
  afterAll(async () => {
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const start = (mode: string): ChildProcess =>
    spawn(program, [mode], { env: { ...process.env, KUBECONFIG: kubeconfig }, stdio: ["pipe", "pipe", "inherit"] })

  const run = (mode: string, onLine: (line: string, child: ChildProcess) => void = () => {}): Promise<string> =>
    new Promise((resolve) => {
      const child = start(mode)
      let text = ""
      let rest = ""
      child.stdout!.on("data", (chunk) => {
        text += chunk
        const lines = (rest + chunk).split("\n")
        rest = lines.pop()!
        for (const line of lines) onLine(line, child)
      })
      child.on("close", () => resolve(text))
    })

  test("typed clients read and write", async () => {
    expect(await run("typed")).toBe("ok typed\n")
  }, 60_000)

  test("discovery finds everything", async () => {
    expect(await run("discovery")).toBe("ok discovery\n")
  }, 60_000)

  test("the dynamic client reads and writes", async () => {
    expect(await run("dynamic")).toBe("ok dynamic\n")
  }, 60_000)

  test("server-side apply owns fields, and refuses to take another's", async () => {
    expect(await run("apply")).toBe("ok apply\n")
  }, 60_000)

  test("leaders are elected, one at a time", async () => {
    expect(await run("election")).toBe("ok election\n")
  }, 60_000)

  test("shared informers go on over a restart of the server", async () => {
    const { port, authority } = server
    const output = await run("informers", async (line, child) => {
      if (line !== "RESTART") return
      await server.close()
      server = await startApiserver({ store, port, authority })
      child.stdin!.write("\n")
    })
    expect(output).toBe("RESTART\nok informers\n")
  }, 120_000)
})
