/** A real API server in memory for the tests of this package, and a client of it. @module */
import { type Pod, serviceaccounts } from "@tsukube/api/core-v1"
import { Apiserver, layer } from "@tsukube/apiserver"
import { type Client, makeClient } from "@tsukube/client"
import { layerMemory } from "@tsukube/store"
import { Context, Effect, Layer, type Scope } from "effect"

/** A fresh server that lives as long as the scope; the client is its administrator's. */
export const startApi = (): Effect.Effect<Client, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Layer.build(Layer.fresh(layer({})).pipe(Layer.provide(Layer.fresh(layerMemory))))
    const server = Context.get(context, Apiserver)
    const client = makeClient(server.fetchAs({ name: "admin", groups: ["system:masters", "system:authenticated"] }))
    // No controllers run here, and pods are only let in when their account is there.
    yield* client.create(serviceaccounts, { metadata: { name: "default", namespace: "default" } })
    return client
  })

/** A pod that is bound already, as if the scheduler had been there. */
export const boundPod = (name: string, nodeName: string, spec: Partial<NonNullable<Pod["spec"]>> = {}): Pod => ({
  metadata: { name, namespace: "default" },
  spec: {
    nodeName,
    automountServiceAccountToken: false,
    containers: [{ name: "main", image: "docker.io/library/busybox:1.36" }],
    ...spec
  }
})
