/** The runner, against an API server in this process. @module */
import { describe, expect, test } from "bun:test"
import { configmaps, namespaces, serviceaccounts } from "@tsukube/api/core-v1"
import { startApiserver } from "@tsukube/apiserver/promise"
import { openClient } from "@tsukube/client/promise"
import type { Outcome } from "./report.ts"
import { type RunOptions, runTests } from "./run.ts"
import { type Cluster, type ConformanceTest, expectEqual, expectRefused } from "./suite.ts"

/** Runs the tests one way or the other; without controllers, the default service account is made here. */
const run = async (together: ReadonlyArray<ConformanceTest>, more: Partial<RunOptions> = {}) => {
  await using server = await startApiserver()
  await using client = await openClient({ text: server.kubeconfig })
  const informer = await client.informer(namespaces)
  informer.on(({ type, object }) => {
    const namespace = object.metadata?.name ?? ""
    if (type === "Add") void client.create(serviceaccounts, { metadata: { namespace, name: "default" } }).catch(() => undefined)
  })
  const ended: Array<string> = []
  const outcomes = await runTests(
    { together, alone: [] },
    {
      client,
      kubeconfig: "",
      image: "pause",
      parallel: 2,
      onOutcome: (name, { result }) => ended.push(`${name}: ${result}`),
      namespaceLimitMs: 0,
      ...more
    }
  )
  const left = (await client.list(namespaces)).items.filter(
    ({ metadata }) => metadata?.name?.startsWith("conformance-") && metadata.deletionTimestamp === undefined
  )
  return { outcomes, ended, left }
}

const saw = (outcome: Outcome | undefined): string => (outcome?.result === "failed" ? outcome.saw : "")

describe("the runner", () => {
  test("gives each test a namespace of its own, tells of each, and deletes what it made", async () => {
    const seen: Array<string> = []
    const use = async ({ client, namespace }: Cluster) => {
      seen.push(namespace)
      await client.create(configmaps, { metadata: { namespace, name: "mine" } })
    }
    const { outcomes, ended, left } = await run(["a", "b", "c"].map((name) => ({ name, run: use })))
    expect(outcomes).toEqual([{ result: "passed" }, { result: "passed" }, { result: "passed" }])
    expect(ended.sort()).toEqual(["a: passed", "b: passed", "c: passed"])
    expect(new Set(seen).size).toBe(3)
    expect(left).toEqual([])
  })

  test("reports what a failed test saw, with the server's code", async () => {
    const { outcomes } = await run([
      { name: "wrong", run: async () => expectEqual({ b: 1, a: 2 }, { a: 2, b: 2 }, "the sum") },
      { name: "refused", run: async ({ client }) => void (await client.get(configmaps, { namespace: "default", name: "none" })) }
    ])
    const all = outcomes.map(saw).join("\n")
    expect(all).toContain('the sum: expected {"a":2,"b":2}, got {"a":2,"b":1}')
    expect(all).toContain('404 configmaps "none" not found')
  })

  test("skips with the reason that the test gives", async () => {
    const { outcomes } = await run([{ name: "cannot", run: async () => {}, skip: async () => "one node only" }])
    expect(outcomes).toEqual([{ result: "skipped", reason: "one node only" }])
  })

  test("gives a test up that does not end, and undoes what it began", async () => {
    const undone: Array<string> = []
    const endless: ConformanceTest = {
      name: "endless",
      run: async ({ afterwards }) => {
        afterwards(async () => undone.push("first"))
        afterwards(async () => undone.push("second"))
        await new Promise(() => {})
      }
    }
    const { outcomes } = await run([endless], { testLimitMs: 50 })
    expect(saw(outcomes[0])).toContain("the test did not end within 0.05 s")
    expect(undone).toEqual(["second", "first"])
  })

  test("fails a test whose expected refusal does not come", async () => {
    const expectsTooMuch: ConformanceTest = {
      name: "expects",
      run: async ({ client }) => void (await expectRefused(client.list(configmaps), 403, "a list"))
    }
    const { outcomes } = await run([expectsTooMuch])
    expect(saw(outcomes[0])).toContain("a list: expected a refusal with 403, but the request succeeded")
  })
})
