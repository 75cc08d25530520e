/** Runs the planned tests, several at once, each in a namespace of its own. @module */
import type { PromiseClient } from "@tsukube/client/promise"
import { eventually } from "./eventually.ts"
import { describeError, describeNamespace } from "./evidence.ts"
import { awaitNamespaceGone, deleteNamespace, makeNamespace } from "./namespaces.ts"
import type { Plan } from "./plan.ts"
import type { Outcome } from "./report.ts"
import type { Cluster, ConformanceTest } from "./suite.ts"

/** The cluster under test, and how it is asked. */
export interface RunOptions {
  readonly client: PromiseClient
  readonly kubeconfig: string
  readonly image: string
  readonly parallel: number
  /** Told of every test as it ends. */
  readonly onOutcome: (name: string, outcome: Outcome, durationMs: number) => void
  /** A test that takes longer has failed; default 15 minutes. */
  readonly testLimitMs?: number
  /** How long the namespaces of ended tests are waited for, before a test that runs alone and at the end; default 2 minutes. */
  readonly namespaceLimitMs?: number
}

/** Runs the plan and returns every outcome, in the order in which the tests ended. */
export const runTests = async (plan: Plan, options: RunOptions): Promise<ReadonlyArray<Outcome>> => {
  const outcomes: Array<Outcome> = []
  const leftovers = new Set<string>()
  const runNext = async (test: ConformanceTest) => {
    const startMs = performance.now()
    const outcome = await runTest(test, options, leftovers)
    outcomes.push(outcome)
    options.onOutcome(test.name, outcome, performance.now() - startMs)
  }
  const waiting = [...plan.together]
  const work = async () => {
    for (let test = waiting.shift(); test !== undefined; test = waiting.shift()) await runNext(test)
  }
  await Promise.all(Array.from({ length: options.parallel }, work))
  for (const test of plan.alone) {
    // What earlier tests left still holds node ports and capacity until their namespaces are gone.
    await awaitLeftovers(options, leftovers)
    await runNext(test)
  }
  await awaitLeftovers(options, leftovers)
  return outcomes
}

// A namespace that does not go away is not this test's failure: the namespace tests are there for that.
const awaitLeftovers = async ({ client, namespaceLimitMs = 120_000 }: RunOptions, leftovers: Set<string>): Promise<void> => {
  await Promise.allSettled([...leftovers].map((name) => awaitNamespaceGone(client, name, namespaceLimitMs)))
  leftovers.clear()
}

const runTest = async (test: ConformanceTest, options: RunOptions, leftovers: Set<string>): Promise<Outcome> => {
  const { client } = options
  const undoes: Array<() => Promise<unknown>> = []
  const own: Array<string> = []
  const freshNamespace = async () => {
    const name = await makeNamespace(client, "conformance")
    own.push(name)
    return name
  }
  try {
    const reason = await test.skip?.({ client })
    if (reason !== undefined) return { result: "skipped", reason }
    const cluster: Cluster = {
      client,
      kubeconfig: options.kubeconfig,
      image: options.image,
      namespace: await freshNamespace(),
      unique: (prefix) => `${prefix}-${crypto.randomUUID().slice(0, 8)}`,
      anotherNamespace: freshNamespace,
      afterwards: (undo) => undoes.unshift(undo),
      eventually
    }
    await withinLimit(test.run(cluster), options.testLimitMs ?? 900_000)
    return { result: "passed" }
  } catch (error) {
    const namespaces = await Promise.all(own.map((name) => describeNamespace(client, name).catch(() => "")))
    return { result: "failed", saw: [describeError(error), ...namespaces].filter(Boolean).join("\n") }
  } finally {
    for (const undo of undoes) await undo().catch(() => undefined)
    for (const name of own) {
      leftovers.add(name)
      await deleteNamespace(client, name).catch(() => undefined)
    }
  }
}

const withinLimit = async (running: Promise<void>, limitMs: number): Promise<void> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the test did not end within ${limitMs / 1000} s`)), limitMs)
  })
  await Promise.race([running, limit]).finally(() => clearTimeout(timer))
}
