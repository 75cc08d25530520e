/** An API server in memory with a client and caches, for the tests of the loop. @module */
import { type Node, nodes, type PodCondition, pods, serviceaccounts } from "@tsukube/api/core-v1"
import { Apiserver, type ApiserverOptions, layer } from "@tsukube/apiserver"
import { type Client, type ClientError, type Informers, makeClient, makeInformers } from "@tsukube/client"
import { layerMemory } from "@tsukube/store"
import { Context, Effect, Layer, type Scope } from "effect"

/** What a loop needs. */
export interface TestCluster {
  readonly client: Client
  readonly informers: Informers
}

/** Starts one that ends with the scope. */
export const startClusterWith = (options: ApiserverOptions): Effect.Effect<TestCluster, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Layer.build(layer(options).pipe(Layer.provide(layerMemory)))
    const apiserver = Context.get(context, Apiserver)
    const client = makeClient(apiserver.fetchAs({ name: "system:admin", groups: ["system:masters"] }))
    // Pods cannot be made without one, and no controller runs here that would make it.
    yield* client.create(serviceaccounts, { metadata: { name: "default", namespace: "default" } })
    return { client, informers: yield* makeInformers(client) }
  })

/** Starts one with an API server as it is by default. */
export const startCluster: Effect.Effect<TestCluster, unknown, Scope.Scope> = startClusterWith({})

/** A node that is ready for pods. */
export const addNode = (
  client: Client,
  name: string,
  allocatable: Record<string, string> = {},
  more: Partial<Node> = {}
): Effect.Effect<void, ClientError> =>
  Effect.gen(function* () {
    const made = yield* client.create(nodes, { metadata: { name, labels: { "kubernetes.io/hostname": name } }, ...more })
    const status = { allocatable: { cpu: "4", memory: "8Gi", pods: "110", ...allocatable } }
    yield* client.updateStatus(nodes, { ...made, status })
    // Admission taints nodes until somebody calls them ready.
    yield* client.patch(nodes, { name }, { type: "merge", body: { spec: { taints: more.spec?.taints ?? null } } })
  })

/** The node a pod has been bound to. */
export const nodeOf = (client: Client, name: string, namespace = "default"): Effect.Effect<string | undefined, ClientError> =>
  Effect.map(client.get(pods, { namespace, name }), ({ spec }) => spec?.nodeName)

/** What the pod's condition says of its scheduling. */
export const refusalOf = (
  client: Client,
  name: string,
  namespace = "default"
): Effect.Effect<PodCondition | undefined, ClientError> =>
  Effect.map(client.get(pods, { namespace, name }), ({ status }) =>
    status?.conditions?.find(({ type }) => type === "PodScheduled")
  )

/** Asks until the answer is right; dies with the last answer after ten seconds. */
export const eventually = <A>(what: string, ask: Effect.Effect<A, unknown>, isRight: (answer: A) => boolean): Effect.Effect<A> =>
  Effect.gen(function* () {
    let last: unknown
    for (let attempt = 0; attempt < 500; attempt++) {
      const answer = yield* Effect.result(ask)
      if (answer._tag === "Success" && isRight(answer.success)) return answer.success
      last = answer._tag === "Success" ? answer.success : answer.failure
      yield* Effect.sleep("20 millis")
    }
    return yield* Effect.die(new Error(`${what} did not come true; last: ${String(JSON.stringify(last)).slice(0, 2000)}`))
  })
