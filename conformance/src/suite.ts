/** What a conformance test is, the cluster it is given, and the few words it needs to say what it expects. @module */
import type { PromiseClient } from "@tsukube/client/promise"

/** The cluster under test, as one test sees it. */
export interface Cluster {
  /** Typed verbs as the user of the kubeconfig. */
  readonly client: PromiseClient
  /** A namespace of the test's own, ready (its default service account exists); deleted afterwards. */
  readonly namespace: string
  /** The kubeconfig's path, for tests that run kubectl. */
  readonly kubeconfig: string
  /** An image whose default command runs until it is stopped. */
  readonly image: string
  /** A name that no other test and no other run uses, for objects without a namespace. */
  readonly unique: (prefix: string) => string
  /** One more namespace, as ready as the first, and deleted afterwards like it. */
  readonly anotherNamespace: () => Promise<string>
  /** Runs after the test, whatever became of it, the last one first. */
  readonly afterwards: (undo: () => Promise<unknown>) => void
  /** Asks until `probe` returns something; fails with `what` and the last answer after `withinMs` (default 60 s). */
  readonly eventually: <A>(what: string, probe: () => Promise<A | undefined | false>, withinMs?: number) => Promise<A>
}

/** One behaviour of Kubernetes, under its exact upstream name. A test that throws has failed. */
export interface ConformanceTest {
  readonly name: string
  readonly run: (cluster: Cluster) => Promise<void>
  /** Why this cluster cannot be asked, e.g. it has one node; undefined when it can. */
  readonly skip?: (cluster: Pick<Cluster, "client">) => Promise<string | undefined>
}

/** Fails the test unless the two are equal as JSON; the order of an object's keys says nothing. */
export const expectEqual = (actual: unknown, expected: unknown, what: string): void => {
  const [left, right] = [canonical(actual), canonical(expected)]
  if (left !== right) throw new Error(`${what}: expected ${right}, got ${left}`)
}

const canonical = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part
  )

/** Fails the test unless `holds`. */
export const expectThat: (holds: boolean, what: string) => asserts holds = (holds, what) => {
  if (!holds) throw new Error(what)
}

/** The value, which must be there. */
export const present = <A>(value: A | undefined | null, what: string): A => {
  if (value === undefined || value === null) throw new Error(`${what} is missing`)
  return value
}

/** What the server refuses a request with. */
export interface Refusal {
  readonly code: number
  readonly reason: string
  readonly message: string
}

const isRefusal = (error: unknown): error is Refusal =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "StatusError"

/** Fails the test unless the server refuses the request with this HTTP code; returns what it said. */
export const expectRefused = async (request: Promise<unknown>, code: number, what: string): Promise<Refusal> => {
  const outcome = await request.then(
    () => undefined,
    (error: unknown) => ({ error })
  )
  if (outcome === undefined) throw new Error(`${what}: expected a refusal with ${code}, but the request succeeded`)
  if (!isRefusal(outcome.error)) throw outcome.error
  const { code: actual, reason, message } = outcome.error
  if (actual !== code) throw new Error(`${what}: expected a refusal with ${code}, got ${actual} ${reason}: ${message}`)
  return { code: actual, reason, message }
}

/** The answer of the request, or `undefined` when the server says that there is no such object. */
export const unlessGone = async <A>(request: Promise<A>): Promise<A | undefined> => {
  try {
    return await request
  } catch (error) {
    if (isRefusal(error) && error.code === 404) return undefined
    throw error
  }
}

/** Tries the change again with a fresh object when somebody else wrote in between (409). */
export const retryOnConflict = async <A>(change: () => Promise<A>, times = 10): Promise<A> => {
  for (let left = times; ; left--) {
    try {
      return await change()
    } catch (error) {
      if (left === 0 || !isRefusal(error) || error.code !== 409) throw error
    }
  }
}
