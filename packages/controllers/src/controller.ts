/** What every controller is given, and what one is. @module */
import { apiVersionOf, type KubernetesObject, type Resource } from "@tsukube/api"
import type { Client, Informer, Informers } from "@tsukube/client"
import type { EventRecorder } from "@tsukube/reconciler"
import { Effect, type Scope } from "effect"

/** How the controllers run; every field has upstream's default or switches something on. */
export interface ControllerOptions {
  /** Names of the controllers to run; all of them when absent. */
  readonly only?: ReadonlyArray<string>
  /** Names of controllers not to run. */
  readonly except?: ReadonlyArray<string>
  /** The certificate authority (PEM) to publish to every namespace; without it nothing is published. */
  readonly rootCa?: string
  /** Pod networks from which every node gets a subnet, one per address family; without them nobody assigns `podCIDR`. */
  readonly clusterCidrs?: ReadonlyArray<string>
  /** Length of a node's IPv4 subnet; default 24. */
  readonly nodeCidrMaskSizeIpv4?: number
  /** Length of a node's IPv6 subnet; default 64. */
  readonly nodeCidrMaskSizeIpv6?: number
  /** Silence after which a node counts as gone; default 50,000. */
  readonly nodeMonitorGraceMs?: number
  /** How often nodes are looked at; default 5,000. */
  readonly nodeMonitorPeriodMs?: number
  /** What the API server serves, for those who look after everything; default what it serves unless told otherwise. */
  readonly resources?: ReadonlyArray<Resource>
  /** Ended pods kept before the oldest are deleted; default 12,500, 0 keeps all. */
  readonly terminatedPodThreshold?: number
}

/** What a controller works with. */
export interface ControllerContext {
  readonly client: Client
  readonly informers: Informers
  readonly options: ControllerOptions
  /** A recorder that speaks as this component. */
  readonly recorder: (component: string) => Effect.Effect<EventRecorder, never, Scope.Scope>
}

/** A controller: runs in the background until the scope closes. */
export interface Controller {
  /** As upstream's `--controllers` flag names it. */
  readonly name: string
  readonly run: (context: ControllerContext) => Effect.Effect<void, never, Scope.Scope>
}

/** The object with its kind, which items of lists leave out; events need it. */
export const withKind = <T extends KubernetesObject>(object: T, resource: Resource<T>): T => ({
  ...object,
  apiVersion: apiVersionOf(resource),
  kind: resource.kind
})

/** Waits until all informers have listed. */
export const allSynced = (...informers: ReadonlyArray<Pick<Informer<unknown>, "synced">>): Effect.Effect<void> =>
  Effect.forEach(informers, ({ synced }) => synced, { discard: true })

/** Registers handlers that are taken off again when the scope closes. */
export const listen = (...registrations: ReadonlyArray<() => () => void>): Effect.Effect<void, never, Scope.Scope> =>
  Effect.forEach(registrations, (register) => Effect.acquireRelease(Effect.sync(register), (off) => Effect.sync(off)), {
    discard: true
  })
