/** Extenders over real HTTP: they refuse nodes, rank them, and may fail. @module */
import { afterAll, describe, expect, test } from "bun:test"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import type { Node } from "@tsukube/api/core-v1"
import { defaultPlugins } from "./default-plugins.ts"
import { snapshotOf } from "./embed.ts"
import { scheduleExtended } from "./extended-cycle.ts"
import { httpExtender } from "./extender.ts"
import { podInfo } from "./pod-info.ts"

const server = createServer(async (request, response) => {
  const parts: Array<Buffer> = []
  for await (const part of request) parts.push(part as Buffer)
  const { nodenames = [] } = JSON.parse(Buffer.concat(parts).toString()) as { readonly nodenames?: ReadonlyArray<string> }
  if (request.url === "/broken") response.statusCode = 500
  const answers: Record<string, unknown> = {
    "/filter": { nodenames: nodenames.filter((name) => name !== "a"), failedNodes: { a: "not today" } },
    "/prioritize": nodenames.map((host) => ({ host, score: host === "c" ? 10 : 0 }))
  }
  response.end(JSON.stringify(answers[request.url ?? ""] ?? {}))
})
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
afterAll(() => server.close())
const urlPrefix = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const node = (name: string): Node => ({ metadata: { name }, status: { allocatable: { cpu: "4", memory: "8Gi", pods: "9" } } })
const decide = (names: ReadonlyArray<string>, settings: object) =>
  scheduleExtended(
    podInfo({ metadata: { name: "p" }, spec: { containers: [{ name: "c" }] } }),
    snapshotOf({ nodes: names.map(node), pods: [] }),
    defaultPlugins,
    [httpExtender({ urlPrefix, nodeCacheCapable: true, ...settings })],
    () => 0,
    []
  )

describe("extenders", () => {
  test("refuse nodes", async () => {
    expect(await decide(["a", "b"], { filterVerb: "filter" })).toMatchObject({ type: "placed", nodeName: "b" })
    const refused = await decide(["a"], { filterVerb: "filter" })
    expect(refused.type === "refused" && refused.message).toContain("1 not today")
  })

  test("rank nodes", async () => {
    expect(await decide(["b", "c"], { prioritizeVerb: "prioritize", weight: 5 })).toMatchObject({ nodeName: "c" })
  })

  test("stop a pod when they fail, unless they may be ignored", async () => {
    await expect(decide(["b"], { filterVerb: "broken" })).rejects.toThrow("failed broken with extender at URL")
    expect(await decide(["b"], { filterVerb: "broken", ignorable: true })).toMatchObject({ nodeName: "b" })
  })
})
