/** Two API servers on one PostgreSQL, one killed again and again while ten clients write and watch: nothing acknowledged is lost, no event missed or doubled. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { configmaps } from "@tsukube/api/core-v1"
import { openClient } from "@tsukube/client/promise"
import { systemPostgres } from "@tsukube/store/scratch-postgres"
import { requireTool } from "@tsukube/testing"
import { startTwoApiservers, type TwoApiservers } from "./two-apiservers.ts"

const there = requireTool("fail-over between API servers", { "a PostgreSQL server": systemPostgres() !== undefined })

const kills = Number(process.env["FAILOVER_KILLS"] ?? 20)
const clients = 10

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

describe.skipIf(!there)("fail-over between API servers", () => {
  let servers: TwoApiservers
  beforeAll(async () => {
    servers = await startTwoApiservers()
  }, 60_000)
  afterAll(() => servers?.[Symbol.asyncDispose]())

  const open = (index: number) => openClient({ file: servers.kubeconfigOf(index) })

  test("no acknowledged write is lost, no event missed or doubled", async () => {
    const acknowledged = new Set<string>()
    let over = false

    /** Tries one server, then the other, as clients behind a load balancer do. */
    const writer = async (id: number): Promise<void> => {
      const both = [await open(0), await open(1)]
      for (let number = 0; !over; number++) {
        const name = `w-${id}-${number}`
        for (let attempt = id; ; attempt++) {
          try {
            await both[attempt % 2]!.create(configmaps, { metadata: { name, namespace: "default" } })
            break
          } catch (error) {
            // The answer of an earlier attempt was lost, the write was not.
            if ((error as { reason?: string }).reason === "AlreadyExists") break
            await pause(20)
          }
        }
        acknowledged.add(name)
        await pause(5)
      }
      for (const client of both) await client[Symbol.asyncDispose]()
    }

    /** Watches on from the last revision that it saw, at whichever server is there. */
    const watcher = async (id: number, done: Promise<void>): Promise<ReadonlyArray<string>> => {
      const both = [await open(0), await open(1)]
      const seen: Array<string> = []
      let resourceVersion = (await both[id % 2]!.list(configmaps, { namespace: "default" })).metadata?.resourceVersion ?? ""
      let finished = false
      void done.then(() => {
        finished = true
      })
      for (let attempt = id; !finished || seen.length < acknowledged.size; attempt++) {
        try {
          for await (const { type, object } of both[attempt % 2]!.watch(configmaps, { namespace: "default", resourceVersion })) {
            resourceVersion = object.metadata?.resourceVersion ?? resourceVersion
            if (type !== "BOOKMARK" && object.metadata?.name?.startsWith("w-") === true)
              seen.push(`${type} ${object.metadata.name}`)
            if (finished && seen.length >= acknowledged.size) break
          }
        } catch {
          await pause(20)
        }
      }
      for (const client of both) await client[Symbol.asyncDispose]()
      return seen
    }

    let finish = (): void => {}
    const done = new Promise<void>((resolve) => (finish = resolve))
    const watching = Array.from({ length: clients / 2 }, (_, id) => watcher(id, done))
    await pause(200)
    const writing = Array.from({ length: clients / 2 }, (_, id) => writer(id))
    for (let i = 0; i < kills; i++) {
      await pause(150)
      await servers.kill(i % 2)
      await servers.start(i % 2)
    }
    over = true
    await Promise.all(writing)
    finish()
    const client = await open(0)
    // Whoever waits for the next event gets one more, and sees that it was the last.
    acknowledged.add("w-last")
    await client.create(configmaps, { metadata: { name: "w-last", namespace: "default" } })
    const histories = await Promise.all(watching)
    const stored = (await client.list(configmaps, { namespace: "default" })).items.map((item) => item.metadata?.name ?? "")
    await client[Symbol.asyncDispose]()
    expect([...acknowledged].filter((name) => !stored.includes(name))).toEqual([])
    for (const history of histories) {
      expect(history.length).toBe(acknowledged.size)
      expect(new Set(history).size).toBe(acknowledged.size)
      // All saw the same order.
      expect(history).toEqual(histories[0]!)
    }
    expect(acknowledged.size).toBeGreaterThan(kills)
  }, 240_000)
})
