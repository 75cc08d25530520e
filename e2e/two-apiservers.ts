/** Two API servers on one PostgreSQL, each a process that can be killed and started again, and one address in front of both. @module */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer, type Server, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { scratchPostgres } from "@tsukube/store/scratch-postgres"
import { Effect, Exit, Scope } from "effect"

/** The pair. */
export interface TwoApiservers extends AsyncDisposable {
  /** The kubeconfig of one of them. */
  readonly kubeconfigOf: (index: number) => string
  /** A kubeconfig by which every new connection reaches a server that is there. */
  readonly kubeconfig: string
  readonly folder: string
  readonly start: (index: number) => Promise<void>
  /** With SIGKILL: nothing is said to anybody. */
  readonly kill: (index: number) => Promise<void>
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

/** Joins each connection with one of the ports, in turn; with the next when nobody listens there. */
const listenBefore = (ports: ReadonlyArray<number>): Promise<{ readonly server: Server; readonly port: number }> =>
  new Promise((resolve) => {
    let turn = 0
    const server = createServer((client) => joinWith(client, turn++, 0))
    const joinWith = (client: Socket, index: number, tries: number): void => {
      const upstream = connect(ports[index % ports.length] ?? 0, "127.0.0.1")
      client.once("error", () => upstream.destroy())
      upstream.once("error", () => {
        if (upstream.bytesRead === 0 && tries < ports.length) joinWith(client, index + 1, tries + 1)
        else client.destroy()
      })
      upstream.once("connect", () => {
        client.on("close", () => upstream.destroy())
        upstream.on("close", () => client.destroy())
        client.pipe(upstream)
        upstream.pipe(client)
      })
    }
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve({ server, port: typeof address === "object" && address !== null ? address.port : 0 })
    })
  })

/** Starts both. */
export const startTwoApiservers = async (): Promise<TwoApiservers> => {
  const scope = Scope.makeUnsafe()
  const folder = mkdtempSync(join(tmpdir(), "tsukube-failover-"))
  const running: Array<ChildProcess> = []
  const postgres = await Effect.runPromise(Scope.provide(scratchPostgres, scope))
  const ports = [await freePort(), await freePort()]
  const kubeconfigOf = (index: number): string => join(folder, `kubeconfig-${ports[index]}`)

  const start = async (index: number): Promise<void> => {
    const args = [join(import.meta.dirname, "apiserver-process.ts"), postgres.url, String(ports[index]), folder]
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
    running[index] = child
    let output = ""
    child.stderr.on("data", (chunk) => (output += chunk))
    await new Promise<void>((resolve, reject) => {
      child.stdout.on("data", (chunk) => String(chunk).includes("ready") && resolve())
      child.once("exit", () => reject(new Error(`the server ended: ${output}`)))
    })
  }
  const kill = async (index: number): Promise<void> => {
    const child = running[index]!
    const gone = new Promise((resolve) => child.once("exit", resolve))
    child.kill("SIGKILL")
    await gone
  }

  await start(0)
  await start(1)
  const front = await listenBefore(ports)
  const kubeconfig = join(folder, "kubeconfig")
  writeFileSync(kubeconfig, readFileSync(kubeconfigOf(0), "utf8").replaceAll(`:${ports[0]}`, `:${front.port}`))
  return {
    kubeconfigOf,
    kubeconfig,
    folder,
    start,
    kill,
    [Symbol.asyncDispose]: async () => {
      front.server.close()
      for (const child of running) child.kill("SIGKILL")
      await Effect.runPromise(Scope.close(scope, Exit.void))
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
