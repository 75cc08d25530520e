/** What a conformance test is, and the cluster it is given. @module */
import type { KubernetesClient } from "@tsukube/client/promise"

/** The cluster under test, as one test sees it. */
export interface Cluster {
  /** Typed verbs as the user of the kubeconfig. */
  readonly client: KubernetesClient
  /** A namespace of the test's own, ready (its default service account exists); deleted afterwards. */
  readonly namespace: string
  /** The kubeconfig's path, for tests that run kubectl. */
  readonly kubeconfig: string
  /** Asks until `probe` returns something; fails with `what` after `withinMs` (default 60 s). */
  readonly eventually: <A>(what: string, probe: () => Promise<A | undefined | false>, withinMs?: number) => Promise<A>
}

/** One behaviour of Kubernetes, under its exact upstream name. A test that throws has failed. */
export interface ConformanceTest {
  readonly name: string
  readonly run: (cluster: Cluster) => Promise<void>
  /** Why this cluster cannot be asked, e.g. it has one node; undefined when it can. */
  readonly skip?: (cluster: Cluster) => Promise<string | undefined>
}

/** Fails the test unless the two are equal as JSON. */
export const expectEqual = (actual: unknown, expected: unknown, what: string): void => {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (left !== right) throw new Error(`${what}: expected ${right}, got ${left}`)
}

/** Fails the test unless `holds`. */
export const expectThat: (holds: boolean, what: string) => asserts holds = (holds, what) => {
  if (!holds) throw new Error(what)
}
