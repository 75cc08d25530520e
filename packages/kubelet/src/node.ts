/** The Node object: registered, kept up to date, and shown to be alive by a Lease. @module */
import { type Lease, leases } from "@tsukube/api/coordination-v1"
import { type Node, type NodeCondition, type NodeStatus, nodes, type Taint } from "@tsukube/api/core-v1"
import type { Client, ClientError } from "@tsukube/client"
import { Clock, Effect, type Scope } from "effect"
import { architecture, nodeInfo } from "./machine.ts"
import { timestamp } from "./phase.ts"
import type { ContainerRuntime } from "./runtime.ts"

/** What the node says about itself. */
export interface NodeFacts {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly taints: ReadonlyArray<Taint>
  readonly podCidr: string | undefined
  readonly addresses: ReadonlyArray<string>
  readonly port: number
  readonly capacity: Readonly<Record<string, string>>
  readonly allocatable: Readonly<Record<string, string>>
  readonly runtime: ContainerRuntime
}

const leaseNamespace = "kube-node-lease"
const leaseSeconds = 40
const renewEveryMs = 10_000
/** How often the status is looked at; it is written when it changed, and at least every five minutes. */
const checkEveryMs = 10_000
/** A runtime or network that is about to come up is noticed at once. */
const checkUnreadyEveryMs = 500
const reportEveryMs = 300_000
const imageLimit = 50

/** Registers the node and keeps its Lease and status until the scope ends; returns once it is registered and has told how it is. */
export const runNode = (client: Client, facts: NodeFacts): Effect.Effect<Node, never, Scope.Scope> =>
  Effect.gen(function* () {
    const node = yield* untilDone("register", register(client, facts))
    yield* untilDone("lease", renewLease(client, facts.name, node))
    const report = makeReport(client, facts)
    yield* untilDone("status", report)
    yield* Effect.forkScoped(every(renewEveryMs, "lease", renewLease(client, facts.name, node)))
    yield* Effect.forkScoped(keepReporting(report))
    return node
  })

/** The node cannot do without: it waits for the API server as long as it takes. */
const untilDone = <A>(what: string, effect: Effect.Effect<A, ClientError>): Effect.Effect<A> =>
  effect.pipe(
    Effect.catch((error) =>
      Effect.logWarning(`node ${what}: ${error.message}`).pipe(
        Effect.andThen(Effect.sleep("1 second")),
        Effect.andThen(Effect.suspend(() => untilDone(what, effect)))
      )
    )
  )

const every = (ms: number, what: string, effect: Effect.Effect<unknown, ClientError>): Effect.Effect<never> =>
  Effect.sleep(ms).pipe(
    Effect.andThen(Effect.catch(effect, (error) => Effect.logWarning(`node ${what}: ${error.message}`))),
    Effect.forever
  )

const keepReporting = (report: Effect.Effect<boolean, ClientError>): Effect.Effect<never> =>
  Effect.gen(function* () {
    let ready = false
    for (;;) {
      yield* Effect.sleep(ready ? checkEveryMs : checkUnreadyEveryMs)
      ready = yield* report.pipe(
        Effect.catch((error) => Effect.logWarning(`node status: ${error.message}`).pipe(Effect.as(true)))
      )
    }
  })

const register = (client: Client, facts: NodeFacts): Effect.Effect<Node, ClientError> =>
  Effect.gen(function* () {
    const labels = {
      "kubernetes.io/hostname": facts.name,
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": architecture(),
      "beta.kubernetes.io/os": "linux",
      "beta.kubernetes.io/arch": architecture(),
      ...facts.labels
    }
    const spec = {
      ...(facts.podCidr === undefined ? {} : { podCIDR: facts.podCidr, podCIDRs: [facts.podCidr] }),
      ...(facts.taints.length === 0 ? {} : { taints: facts.taints })
    }
    const annotations = { "volumes.kubernetes.io/controller-managed-attach-detach": "true" }
    const created = client.create(nodes, { metadata: { name: facts.name, labels, annotations }, spec })
    return yield* created.pipe(
      Effect.catchTag("StatusError", (error) => {
        if (error.code !== 409) return Effect.fail(error)
        // Known from an earlier life: what others have set on it stays; addresses and labels are ours.
        const body = { metadata: { labels, annotations }, spec: facts.podCidr === undefined ? {} : { podCIDR: facts.podCidr } }
        return client.patch(nodes, { name: facts.name }, { type: "strategic", body })
      })
    )
  })

/** A time with microseconds, as Leases hold it. */
const microTime = (ms: number): string => new Date(ms).toISOString().replace("Z", "000Z")

const renewLease = (client: Client, name: string, node: Node): Effect.Effect<void, ClientError> =>
  Effect.gen(function* () {
    const renewTime = microTime(yield* Clock.currentTimeMillis)
    const key = { namespace: leaseNamespace, name }
    const spec = { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime }
    yield* client.patch(leases, key, { type: "merge", body: { spec } }).pipe(
      Effect.catchTag("StatusError", (error) => {
        if (error.code !== 404) return Effect.fail(error)
        const owner = { apiVersion: "v1", kind: "Node", name, uid: node.metadata?.uid ?? "" }
        const lease: Lease = { metadata: { ...key, ownerReferences: [owner] }, spec }
        return client.create(leases, lease)
      })
    )
  })

const healthy: ReadonlyArray<Omit<NodeCondition, "lastHeartbeatTime" | "lastTransitionTime">> = [
  {
    type: "MemoryPressure",
    status: "False",
    reason: "KubeletHasSufficientMemory",
    message: "kubelet has sufficient memory available"
  },
  { type: "DiskPressure", status: "False", reason: "KubeletHasNoDiskPressure", message: "kubelet has no disk pressure" },
  { type: "PIDPressure", status: "False", reason: "KubeletHasSufficientPID", message: "kubelet has sufficient PID available" }
]

/** An effect that writes the status when it has changed or has not been written for long; gives whether the node is ready. */
const makeReport = (client: Client, facts: NodeFacts): Effect.Effect<boolean, ClientError> => {
  let written = ""
  let writtenAt = Number.NEGATIVE_INFINITY
  const since = new Map<string, { readonly status: string; readonly at: string }>()
  return Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const version = yield* facts.runtime.version.pipe(Effect.orElseSucceed(() => `${facts.runtime.name}://Unknown`))
    const problem = yield* facts.runtime.notReady.pipe(
      Effect.catch(({ message }) => Effect.succeed(`container runtime is down: ${message}`))
    )
    const images = yield* facts.runtime.images.pipe(Effect.orElseSucceed(() => []))
    const readyCondition =
      problem === undefined
        ? { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
        : {
            type: "Ready",
            status: "False",
            reason: "KubeletNotReady",
            message: problem
          }
    const conditions = [...healthy, readyCondition].map((condition) => {
      const known = since.get(condition.type)
      const at = known?.status === condition.status ? known.at : timestamp(now)
      since.set(condition.type, { status: condition.status, at })
      return { ...condition, lastTransitionTime: at }
    })
    const status: NodeStatus = {
      addresses: [
        ...facts.addresses.map((address) => ({ type: "InternalIP", address })),
        { type: "Hostname", address: facts.name }
      ],
      capacity: facts.capacity,
      allocatable: facts.allocatable,
      daemonEndpoints: { kubeletEndpoint: { Port: facts.port } },
      nodeInfo: nodeInfo(version),
      images: images
        .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
        .slice(0, imageLimit)
        .map(({ digests, tags, sizeBytes }) => ({ names: [...digests, ...tags], sizeBytes })),
      conditions
    }
    const text = JSON.stringify(status)
    if (text === written && now - writtenAt < reportEveryMs) return problem === undefined
    const heartbeat = conditions.map((condition) => ({ ...condition, lastHeartbeatTime: timestamp(now) }))
    const body = { status: { ...status, conditions: heartbeat } }
    yield* client.patch(nodes, { name: facts.name }, { type: "strategic", body }, { subresource: "status" })
    written = text
    writtenAt = now
    return problem === undefined
  })
}
