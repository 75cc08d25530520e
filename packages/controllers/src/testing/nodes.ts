/** Ends pods in a node's stead, for tests of loops that wait for ends. @module */
import { type Pod, type PodStatus, pods } from "@tsukube/api/core-v1"
import type { ClientError } from "@tsukube/client"
import { Effect, type Scope } from "effect"
import type { TestCluster } from "./cluster.ts"

/** The status of a pod whose containers all ended with this code. */
export const endedStatus = ({ spec }: Pod, exitCode: number): PodStatus => ({
  phase: exitCode === 0 ? "Succeeded" : "Failed",
  containerStatuses: (spec?.containers ?? []).map(({ name, image = "" }) => ({
    name,
    image,
    imageID: "",
    ready: false,
    restartCount: 0,
    state: { terminated: { exitCode, finishedAt: new Date().toISOString() } }
  }))
})

/** Writes the end of a pod. */
export const endPod = ({ client }: Pick<TestCluster, "client">, pod: Pod, exitCode: number): Effect.Effect<Pod, ClientError> =>
  client.patch(
    pods,
    { namespace: pod.metadata?.namespace ?? "", name: pod.metadata?.name ?? "" },
    { type: "strategic", body: { metadata: { uid: pod.metadata?.uid }, status: endedStatus(pod, exitCode) } },
    { subresource: "status" }
  )

/** Until the scope ends: every new pod ends with the code that `exitCodeOf` gives it, and stays where there is none. */
export const playNodes = (
  cluster: TestCluster,
  exitCodeOf: (pod: Pod) => number | undefined
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const run = Effect.runForkWith(yield* Effect.context<never>())
    const seen = new Set<string>()
    const act = (pod: Pod): void => {
      const uid = pod.metadata?.uid ?? ""
      if (seen.has(uid) || pod.metadata?.deletionTimestamp !== undefined) return
      seen.add(uid)
      const exitCode = exitCodeOf(pod)
      if (exitCode !== undefined) run(Effect.ignore(endPod(cluster, pod, exitCode)))
    }
    const watch = () => cluster.informers.of(pods).on(({ type, object }) => (type === "Delete" ? undefined : act(object)))
    yield* Effect.acquireRelease(Effect.sync(watch), (off) => Effect.sync(off))
  })
