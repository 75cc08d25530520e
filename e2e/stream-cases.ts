/** kubectl's streams, as cases for a node of any kind: logs, exec, attach, cp, port-forward, proxy. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onPath, requireTool } from "@tsukube/testing"
import type { ClusterProcess } from "./cluster-process.ts"

/** A node to try them on. The pod is called `box`: it echoes on port 9000, and is a web server on 8080. */
export interface StreamedNode {
  readonly name: string
  readonly there: boolean
  /** May leave files in the folder, which is removed at the end. */
  readonly start: (folder: string) => Promise<ClusterProcess>
  readonly pod: string
  /** What its web server says, at least. */
  readonly page: string
  readonly readyWithin: string
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

/** Where scripts/install-node-tools.sh puts Debian's kubectl 1.20, which speaks SPDY alone. */
const oldKubectl = "/usr/local/lib/tsukube/kubectl-debian"

/** The kubectl on the PATH, the old one, and others that `KUBECTL_OTHERS` names. */
const binaries = ["kubectl", oldKubectl, ...(process.env["KUBECTL_OTHERS"] ?? "").split(":").filter(Boolean)]

/** Declares the cases as tests of the node. */
export const streamCases = (node: StreamedNode): void => {
  const there =
    node.there &&
    requireTool(`streams of ${node.name}`, { kubectl: onPath("kubectl"), "Debian's kubectl": existsSync(oldKubectl) })
  describe.skipIf(!there)(`streams of ${node.name}`, () => {
    let cluster: ClusterProcess
    let folder: string
    const children: Array<ChildProcess> = []

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "tsukube-streams-"))
      cluster = await node.start(folder)
      await cluster.kubectl("apply -f -", { stdin: node.pod })
      await cluster.kubectl(`wait --for=condition=Ready pod/box --timeout=${node.readyWithin}`)
    }, 180_000)

    afterAll(async () => {
      for (const child of children) child.kill("SIGKILL")
      await cluster?.[Symbol.asyncDispose]()
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    }, 60_000)

    /** A kubectl that goes on until it is killed or ends by itself. */
    const start = (binary: string, args: ReadonlyArray<string>): ChildProcess => {
      const child = spawn(binary, ["--kubeconfig", cluster.kubeconfig, ...args], { stdio: ["pipe", "pipe", "pipe"] })
      children.push(child)
      return child
    }
    const until = (child: ChildProcess, text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        let seen = ""
        const look = (chunk: Buffer) => {
          seen += chunk
          if (seen.includes(text)) resolve(seen)
        }
        child.stdout!.on("data", look)
        child.stderr!.on("data", look)
        child.on("close", () => reject(new Error(`kubectl ended: ${seen}`)))
      })
    const run = (
      binary: string,
      args: ReadonlyArray<string>,
      stdin: string | Uint8Array = ""
    ): Promise<{ code: number | null; out: string; err: string }> =>
      new Promise((resolve) => {
        const child = start(binary, args)
        let out = ""
        let err = ""
        child.stdout!.on("data", (chunk) => (out += chunk))
        child.stderr!.on("data", (chunk) => (err += chunk))
        child.on("close", (code) => resolve({ code, out, err }))
        child.stdin!.end(Buffer.from(stdin))
      })
    const forward = async (binary: string, remote: number): Promise<{ port: number; stop: () => void }> => {
      const port = await freePort()
      const child = start(binary, ["port-forward", "pod/box", `${port}:${remote}`])
      await until(child, "Forwarding from 127.0.0.1")
      return { port, stop: () => void child.kill() }
    }

    for (const binary of binaries) {
      describe(binary, () => {
        test("exec gives output, errors and the exit code, and takes input to its end", async () => {
          const exit = await run(binary, ["exec", "box", "--", "sh", "-c", "echo out; echo err >&2; exit 7"])
          expect(exit).toMatchObject({ code: 7, out: "out\n" })
          expect(exit.err).toContain("err")
          const text = "x".repeat(300_000)
          const cat = await run(binary, ["exec", "-i", "box", "--", "sh", "-c", "wc -c; echo done"], text)
          expect(cat.out.trim().split(/\s+/)).toEqual(["300000", "done"])
        }, 60_000)

        test.skipIf(!onPath("script"))(
          "exec -it has a terminal",
          async () => {
            const command = `${binary} --kubeconfig ${cluster.kubeconfig} exec -it box -- sh -c "test -t 0 && test -t 1 && stty size && echo terminal"`
            const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "pipe"] })
            children.push(child)
            expect(await until(child, "terminal")).toContain("terminal")
          },
          60_000
        )

        test("cp brings files there and back unchanged", async () => {
          const bytes = randomBytes(5_000_000)
          const source = join(folder, "source")
          const back = join(folder, "back")
          writeFileSync(source, bytes)
          expect((await run(binary, ["cp", source, "default/box:/tmp/file"])).code).toBe(0)
          expect((await run(binary, ["cp", "default/box:/tmp/file", back])).code).toBe(0)
          expect(sha(readFileSync(back))).toBe(sha(bytes))
        }, 60_000)

        test("a log is followed while the attached process writes it", async () => {
          const word = `word-${binaries.indexOf(binary)}`
          const logs = start(binary, ["logs", "-f", "box"])
          const attach = start(binary, ["attach", "-i", "box"])
          const seen = until(logs, `got ${word}`)
          const attached = until(attach, `got ${word}`)
          attach.stdin!.write(`${word}\n`)
          const timer = setInterval(() => attach.stdin!.write(`${word}\n`), 500)
          await Promise.all([seen, attached])
          clearInterval(timer)
          logs.kill()
          attach.kill()
        }, 60_000)

        test("port-forward carries several streams at once, 100 MB in both directions, and half-closed ones", async () => {
          const { port, stop } = await forward(binary, 9000)
          const echo = (bytes: Uint8Array): Promise<Buffer> =>
            new Promise((resolve, reject) => {
              const chunks: Array<Buffer> = []
              let size = 0
              const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => {
                // The end of what is sent goes through, and the answer comes after it.
                socket.end(bytes)
              })
              socket.on("data", (chunk) => {
                chunks.push(Buffer.from(chunk))
                size += chunk.length
                if (size >= bytes.length) socket.destroy()
              })
              socket.on("close", () => resolve(Buffer.concat(chunks)))
              socket.on("error", reject)
            })
          const small = Array.from({ length: 8 }, () => randomBytes(200_000))
          const big = randomBytes(50_000_000)
          const [first, ...rest] = await Promise.all([echo(big), ...small.map(echo)])
          expect(sha(first!)).toBe(sha(big))
          expect(rest.map(sha)).toEqual(small.map(sha))
          stop()
          const web = await forward(binary, 8080)
          expect(await (await fetch(`http://127.0.0.1:${web.port}/`)).text()).toContain(node.page)
          web.stop()
        }, 120_000)

        test("proxy serves the API, and a kubelet behind it", async () => {
          const port = await freePort()
          const child = start(binary, ["proxy", "--port", String(port)])
          await until(child, "Starting to serve")
          const list = (await (await fetch(`http://127.0.0.1:${port}/api/v1/nodes`)).json()) as {
            items: ReadonlyArray<{ metadata: { name: string } }>
          }
          const [first] = list.items
          const health = await fetch(`http://127.0.0.1:${port}/api/v1/nodes/${first!.metadata.name}/proxy/healthz`)
          expect(await health.text()).toBe("ok")
          const page = await fetch(`http://127.0.0.1:${port}/api/v1/namespaces/default/pods/box:8080/proxy/`)
          expect(await page.text()).toContain(node.page)
          child.kill()
        }, 60_000)
      })
    }

    test.skipIf(!requireTool(`client-go on ${node.name}`, { go: onPath("go") }))(
      "unmodified client-go runs commands and forwards ports, by WebSocket and by SPDY",
      async () => {
        const program = join(folder, "check")
        const built = spawnSync("go", ["build", "-o", program, "."], {
          cwd: join(import.meta.dirname, "client-go"),
          encoding: "utf8"
        })
        expect(built.stderr).toBe("")
        const ran = spawnSync(program, ["exec", "port-forward"], {
          env: { ...process.env, KUBECONFIG: cluster.kubeconfig, PAGE: node.page },
          encoding: "utf8"
        })
        expect(ran.stdout).toBe("ok exec\nok port-forward\n")
      },
      600_000
    )
  })
}
