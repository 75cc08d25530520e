/** Chooses among the endpoints of a service port: ready before terminating, near before far, this node's for Local policies. @module */
import type { EndpointSlice, Endpoint as SliceEndpoint } from "@tsukube/api/discovery-v1"
import { parseIpv4 } from "@tsukube/host"
import type { Protocol, ProxyNode } from "./state.ts"

/** An address that serves a service port. */
export interface Endpoint {
  /** `ip:port`. */
  readonly key: string
  readonly ip: string
  readonly port: number
  /** Runs on this node. */
  readonly local: boolean
}

/** An endpoint with what the choice is made by. */
export interface Candidate extends Endpoint {
  readonly ready: boolean
  /** Able to answer, though it may be on its way out. */
  readonly serving: boolean
  readonly terminating: boolean
  readonly forZones: ReadonlyArray<string>
  readonly forNodes: ReadonlyArray<string>
}

/** What was chosen. */
export interface EndpointChoice {
  /** For traffic that may go to any node; empty when no policy asks for it. */
  readonly clusterEndpoints: ReadonlyArray<Endpoint>
  /** For traffic that must stay on this node; empty when no policy asks for it. */
  readonly localEndpoints: ReadonlyArray<Endpoint>
  /** Whether there is an endpoint anywhere: without one traffic is refused, with one elsewhere it is dropped. */
  readonly hasEndpoints: boolean
  /** Ready endpoints on this node, for health checks of load balancers. */
  readonly readyLocalCount: number
}

/** Everything the slices of a Service say about one of its ports, sorted by address; ports are matched by name and protocol. */
export const endpointsOf = (
  slices: ReadonlyArray<EndpointSlice>,
  portName: string,
  protocol: Protocol,
  node: ProxyNode
): ReadonlyArray<Candidate> => {
  const found = new Map<string, Candidate>()
  for (const slice of slices) {
    const port = slice.ports?.find(
      (candidate) => (candidate.name ?? "") === portName && (candidate.protocol ?? "TCP") === protocol
    )
    if (port?.port === undefined) continue
    for (const endpoint of slice.endpoints ?? []) {
      const candidate = candidateOf(endpoint, port.port, node)
      // An endpoint that moves from one slice to another is in both for a moment: the better word counts.
      if (candidate !== undefined && found.get(candidate.key)?.ready !== true) found.set(candidate.key, candidate)
    }
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

const candidateOf = (endpoint: SliceEndpoint, port: number, node: ProxyNode): Candidate | undefined => {
  const ip = endpoint.addresses[0]
  if (ip === undefined || parseIpv4(ip) === undefined) return undefined
  return {
    key: `${ip}:${port}`,
    ip,
    port,
    local: endpoint.nodeName === node.name,
    ready: endpoint.conditions?.ready ?? true,
    serving: endpoint.conditions?.serving ?? true,
    terminating: endpoint.conditions?.terminating ?? false,
    forZones: (endpoint.hints?.forZones ?? []).map((zone) => zone.name),
    forNodes: (endpoint.hints?.forNodes ?? []).map((hint) => hint.name)
  }
}

/** Ready endpoints; when there is none, those that still serve while they terminate (KEP-1669): better an old one than a refusal. */
const usable = (candidates: ReadonlyArray<Candidate>): ReadonlyArray<Candidate> => {
  const ready = candidates.filter((candidate) => candidate.ready)
  return ready.length > 0 ? ready : candidates.filter((candidate) => candidate.serving && candidate.terminating)
}

/** Hints narrow the choice only when every endpoint has one and some name this place; else they are from before a change. */
const byHint = (
  candidates: ReadonlyArray<Candidate>,
  hintsOf: (candidate: Candidate) => ReadonlyArray<string>,
  place: string | undefined
): ReadonlyArray<Candidate> | undefined => {
  if (place === undefined || candidates.some((candidate) => hintsOf(candidate).length === 0)) return undefined
  const near = candidates.filter((candidate) => hintsOf(candidate).includes(place))
  return near.length > 0 ? near : undefined
}

const nearest = (candidates: ReadonlyArray<Candidate>, node: ProxyNode): ReadonlyArray<Candidate> => {
  // Terminating endpoints carry no hints worth following.
  if (!candidates.every((candidate) => candidate.ready)) return candidates
  return (
    byHint(candidates, (candidate) => candidate.forNodes, node.name) ??
    byHint(candidates, (candidate) => candidate.forZones, node.zone) ??
    candidates
  )
}

const plain = ({ key, ip, port, local }: Candidate): Endpoint => ({ key, ip, port, local })

/** The endpoints for traffic to the whole cluster and for traffic that stays on the node, as far as a policy uses them. */
export const chooseEndpoints = (
  candidates: ReadonlyArray<Candidate>,
  uses: { readonly cluster: boolean; readonly local: boolean },
  node: ProxyNode
): EndpointChoice => {
  const local = candidates.filter((candidate) => candidate.local)
  const anywhere = usable(candidates)
  return {
    clusterEndpoints: uses.cluster ? nearest(anywhere, node).map(plain) : [],
    localEndpoints: uses.local ? usable(local).map(plain) : [],
    hasEndpoints: anywhere.length > 0,
    readyLocalCount: local.filter((candidate) => candidate.ready).length
  }
}
