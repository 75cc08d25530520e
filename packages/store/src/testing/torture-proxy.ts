/** A line between stores and their server that loses answers and delivers questions late, even those of the dead. @module */
import { mkdirSync } from "node:fs"
import { createConnection, createServer, type Socket } from "node:net"
import { join } from "node:path"
import { Effect, type Scope } from "effect"

/** What can be done to the line. */
export interface TortureProxy {
  /** The folder of the socket to connect to. */
  readonly host: string
  /**
   * Of the next answers so many are swallowed, with the connection they came on: the server has done what it was asked, and nobody hears of it. Tells
   * how many were lost until the time was over.
   */
  readonly loseAnswers: (count: number, withinMs: number) => Effect.Effect<number>
  /** Questions that are asked meanwhile arrive only afterwards, whether who asked still lives or not. */
  readonly delayQuestions: (ms: number) => Effect.Effect<void>
}

const socketName = ".s.PGSQL.5432"

/** Forwards to the server whose socket is in a folder. */
export const tortureProxy = (folder: string, serverHost: string): Effect.Effect<TortureProxy, never, Scope.Scope> =>
  Effect.gen(function* () {
    let toLose = 0
    let lost = 0
    let isDelaying = false
    const late: Array<() => void> = []
    const all = new Set<Socket>()

    const inTime = (deliver: () => void): void => {
      if (isDelaying) late.push(deliver)
      else deliver()
    }
    const server = createServer((client) => {
      const upstream = createConnection(join(serverHost, socketName))
      const end = (): void => {
        client.destroy()
        upstream.destroy()
      }
      for (const socket of [client, upstream]) {
        all.add(socket)
        socket.on("error", end)
        socket.on("close", () => all.delete(socket))
      }
      client.on("data", (data) => inTime(() => void upstream.write(data)))
      client.on("close", () => inTime(() => void upstream.end()))
      upstream.on("close", () => client.destroy())
      upstream.on("data", (data) => {
        if (toLose > 0) {
          toLose--
          lost++
          end()
        } else client.write(data)
      })
    })
    const host = join(folder, "line")
    yield* Effect.acquireRelease(
      Effect.promise(async () => {
        mkdirSync(host, { mode: 0o700 })
        await new Promise<void>((resolve) => {
          server.listen(join(host, socketName), resolve)
        })
      }),
      () =>
        Effect.sync(() => {
          server.close()
          for (const socket of all) socket.destroy()
        })
    )
    return {
      host,
      loseAnswers: (count, withinMs) =>
        Effect.gen(function* () {
          const before = lost
          toLose = count
          for (let waitedMs = 0; toLose > 0 && waitedMs < withinMs; waitedMs += 2) yield* Effect.sleep(2)
          toLose = 0
          return lost - before
        }),
      delayQuestions: (ms) =>
        Effect.gen(function* () {
          isDelaying = true
          yield* Effect.sleep(ms)
          isDelaying = false
          for (const deliver of late.splice(0)) deliver()
        })
    }
  })
