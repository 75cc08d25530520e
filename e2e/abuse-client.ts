/** A program for the test of abuse: a client that behaves badly in one way until it is killed; says `ready` when it is at its worst. @module */
import { connect as connectH2 } from "node:http2"
import { connect as dial, type Socket } from "node:net"
import { connect as dialTls } from "node:tls"
import { configmaps } from "@tsukube/api/core-v1"
import { loadKubeconfig } from "@tsukube/client"
import { openClient } from "@tsukube/client/promise"
import { Effect } from "effect"

const [mode = "", kubeconfig = "", count = "1"] = process.argv.slice(2)
const { server, ca, cert, key } = await Effect.runPromise(loadKubeconfig({ file: kubeconfig }))
const { hostname, port } = new URL(server)
const user = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined || key === undefined ? {} : { cert, key }) }
const quiet = (): void => undefined

const tls = (): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = dialTls({ host: hostname, port: Number(port), ...user, ALPNProtocols: ["http/1.1"] }, () => {
      socket.off("error", reject)
      socket.on("error", quiet)
      resolve(socket)
    })
    socket.once("error", reject)
  })

const several = async (make: () => Promise<unknown>, atOnce = 50): Promise<void> => {
  let left = Number(count)
  const work = async (): Promise<void> => {
    while (left-- > 0) await make().catch(quiet)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}

const modes: Readonly<Record<string, () => Promise<void>>> = {
  /** Connected, and not a byte said. */
  "half-open": () =>
    several(
      () =>
        new Promise<void>((resolve) => {
          const socket = dial(Number(port), hostname, () => resolve())
          socket.on("error", () => resolve())
        }),
      500
    ),
  /** Headers that come byte by byte. */
  "slow-headers": () =>
    several(async () => {
      const socket = await tls()
      socket.write("GET /api/v1/pods HTTP/1.1\r\nhost: x\r\nx-slow: ")
      setInterval(() => socket.write("a"), 500)
    }),
  /** Bodies that come byte by byte. */
  "slow-writers": () =>
    several(async () => {
      const socket = await tls()
      const head = "POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nhost: x\r\ncontent-type: application/json"
      socket.write(`${head}\r\ncontent-length: 3000000\r\n\r\n{`)
      setInterval(() => socket.write(" "), 500)
    }),
  /** Large lists, asked for and never read. */
  "slow-readers": () =>
    several(async () => {
      const socket = await tls()
      socket.pause()
      for (let i = 0; i < 20; i++) socket.write("GET /api/v1/namespaces/big/configmaps HTTP/1.1\r\nhost: x\r\n\r\n")
    }),
  /** Watches that are never read, of what comes from now on. */
  "slow-watchers": async () => {
    await using client = await openClient({ file: kubeconfig })
    const { metadata } = await client.list(configmaps, { namespace: "big", limit: 1 })
    const path = `/api/v1/namespaces/big/configmaps?watch=true&resourceVersion=${metadata?.resourceVersion}`
    await several(async () => {
      const socket = await tls()
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
      await new Promise((resolve) => socket.once("data", resolve))
      socket.pause()
    })
  },
  /** Streams opened and reset at once, without end. */
  "reset-flood": async () => {
    const flood = (): void => {
      const session = connectH2(server, user)
      session.on("error", quiet)
      const round = (): void => {
        if (session.destroyed || session.closed) return void setTimeout(flood, 50)
        for (let i = 0; i < 100; i++) {
          const stream = session.request({ ":path": "/api/v1/namespaces/big/configmaps?limit=1" })
          stream.on("error", quiet)
          stream.close(8)
        }
        setImmediate(round)
      }
      session.on("connect", round)
    }
    for (let i = 0; i < Number(count); i++) flood()
  },
  /** As many streams as the server allows, on many sessions, none of them read. */
  "stream-flood": () =>
    several(
      () =>
        new Promise<void>((resolve) => {
          const session = connectH2(server, user)
          session.on("error", () => resolve())
          session.on("connect", () => {
            for (let i = 0; i < 1000 && !session.destroyed; i++) {
              const stream = session.request({ ":path": "/api/v1/namespaces/big/configmaps?limit=50" })
              stream.on("error", quiet)
              stream.pause()
            }
            resolve()
          })
        })
    )
}
await modes[mode]?.()
console.log("ready")
setInterval(quiet, 60_000)
