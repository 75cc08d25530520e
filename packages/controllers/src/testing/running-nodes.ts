/** Places pods and runs them in the stead of a scheduler and of kubelets, for tests of loops that wait for ready pods. @module */
import { type Pod, pods } from "@tsukube/api/core-v1"
import { Effect, type Scope } from "effect"
import type { TestCluster } from "./cluster.ts"

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: holds }) => type === "Ready" && holds === "True") === true

/** The node that the pod's affinity names, or else the only one there is. */
const nodeFor = ({ spec }: Pod): string => {
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  return terms[0]?.matchFields?.[0]?.values?.[0] ?? "node-1"
}

/** Until the scope ends: pods are placed, get ready where `getsReady` says so, and are gone once they are deleted. */
export const runPods = (
  { client, informers }: TestCluster,
  getsReady: (pod: Pod) => boolean = () => true
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const act = (pod: Pod): Effect.Effect<unknown, unknown> => {
      const key = { namespace: pod.metadata?.namespace ?? "", name: pod.metadata?.name ?? "" }
      if (pod.metadata?.deletionTimestamp !== undefined) return client.delete(pods, key, { gracePeriodSeconds: 0 })
      if (!pod.spec?.nodeName) {
        const target = { apiVersion: "v1", kind: "Node", name: nodeFor(pod) }
        return client.createSubresource(pods, key, "binding", { metadata: { name: key.name }, target })
      }
      if (isReady(pod) || pod.status?.phase === "Failed" || !getsReady(pod)) return Effect.void
      const conditions = [{ type: "Ready", status: "True", lastTransitionTime: new Date().toISOString() }]
      const body = { metadata: { uid: pod.metadata?.uid }, status: { phase: "Running", conditions } }
      return client.patch(pods, key, { type: "strategic", body }, { subresource: "status" })
    }
    const watch = () =>
      informers.of(pods).on(({ type, object }) => (type === "Delete" ? undefined : void run(Effect.ignore(act(object)))))
    yield* Effect.acquireRelease(Effect.sync(watch), (off) => Effect.sync(off))
  })
