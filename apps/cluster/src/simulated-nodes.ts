/** Nodes that only pretend: kubelets of this process whose containers are rows of a table. @module */
import { join } from "node:path"
import type { Apiserver } from "@tsukube/apiserver"
import { makeClient } from "@tsukube/client"
import { type ListenError, makeSimulated, runKubelet } from "@tsukube/kubelet"
import { Effect, type Scope } from "effect"
import type { Authority } from "./authority.ts"

/** A node to be. */
export interface NodeSpec {
  readonly name: string
  /** The addresses of its pods. */
  readonly podCidr: string
}

export interface SimulatedNodesOptions {
  readonly apiserver: Apiserver
  readonly authority: Authority
  readonly nodes: ReadonlyArray<NodeSpec>
  readonly dataDir: string
}

const loopback = "127.0.0.1"

/** Registers the nodes; returns once all are Ready. */
export const runSimulatedNodes = (options: SimulatedNodesOptions): Effect.Effect<void, ListenError, Scope.Scope> => {
  const { apiserver, authority, nodes, dataDir } = options
  return Effect.gen(function* () {
    const serving = yield* authority.issue({
      commonName: "kubelet",
      ipAddresses: [loopback],
      dnsNames: nodes.map(({ name }) => name)
    })
    const tls = { ...serving, clientCa: authority.certificate }
    const start = ({ name, podCidr }: NodeSpec) =>
      Effect.gen(function* () {
        const user = { name: `system:node:${name}`, groups: ["system:nodes", "system:authenticated"] }
        const client = makeClient(apiserver.fetchAs(user))
        const runtime = yield* makeSimulated({ nodeName: name, podCidr })
        const rootDir = join(dataDir, "nodes", name)
        yield* runKubelet({ client, nodeName: name, runtime, rootDir, addresses: [loopback], port: 0, tls, podCidr })
      })
    yield* Effect.forEach(nodes, start, { concurrency: 8, discard: true })
  })
}
