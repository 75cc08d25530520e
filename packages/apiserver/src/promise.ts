/** A whole API server in one call, for tests of operators and for embedding: no Effect needed. @module */
import { layerMemory, type Store, type StoreError } from "@tsukube/store"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Apiserver, layer } from "./apiserver.ts"
import { type CertificatePair, createAuthority, issueCertificate } from "./certificates.ts"
import { kubeconfigText } from "./kubeconfig.ts"
import type { ApiserverOptions } from "./options.ts"
import type { UserInfo } from "./request.ts"
import { serve } from "./server.ts"

/**
 * All optional: `startApiserver()` is a server in memory on a free port of this machine. Unless told otherwise it does without the
 * admission plugin `ServiceAccount`: no controller runs here that would create the accounts which pods need.
 */
export interface StartOptions extends ApiserverOptions {
  /** `"memory"` (default) forgets everything at the end; or any store's layer. */
  readonly store?: "memory" | Layer.Layer<Store, StoreError>
  /** Default 0: any free port. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Plain HTTP on this port of 127.0.0.1, for everybody on this machine and as an administrator; off by default. */
  readonly insecurePort?: number
  /** While the server closes, `/readyz` fails for this long before anything else ends; default 0. */
  readonly shutdownDelayMs?: number
  /** Signs the server's and the admin's certificates; a fresh one when absent. */
  readonly authority?: CertificatePair
}

/** A running server. */
export interface RunningApiserver extends AsyncDisposable {
  /** `https://127.0.0.1:PORT` */
  readonly url: string
  readonly port: number
  /** Where the insecure port is, when there is one. */
  readonly insecureUrl?: string
  /** Answers requests in this process, without a socket, as an administrator. */
  readonly fetch: (request: Request) => Promise<Response>
  /** The same as any other user. */
  readonly fetchAs: (user: UserInfo) => (request: Request) => Promise<Response>
  /** For kubectl and every other client: an administrator's kubeconfig, as YAML text with the certificates in it. */
  readonly kubeconfig: string
  /** A kubeconfig for another user of the cluster's authority. */
  readonly kubeconfigFor: (user: { readonly name: string; readonly groups?: ReadonlyArray<string> }) => Promise<string>
  readonly authority: CertificatePair
  /** Ends watches and requests, then the server. */
  readonly close: () => Promise<void>
}

const admin: UserInfo = { name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] }

/** Loaded only by those who want it. */
const openInsecure = (apiserver: Apiserver, port: number) =>
  Effect.flatMap(
    Effect.promise(() => import("./insecure.ts")),
    ({ serveInsecure }) => serveInsecure(apiserver, { port })
  )

/** Starts a server; resolves when it answers. Rejects with `PortInUse` when the port is taken. */
export const startApiserver = async (options: StartOptions = {}): Promise<RunningApiserver> => {
  const {
    store = "memory",
    port = 0,
    host = "127.0.0.1",
    insecurePort,
    shutdownDelayMs = 0,
    authority = await createAuthority(),
    ...rest
  } = options
  const tls = await issueCertificate(authority, {
    commonName: "kube-apiserver",
    dnsNames: ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"],
    ipAddresses: [...new Set(["127.0.0.1", "::1", ...(host === "0.0.0.0" || host === "::" ? [] : [host])])],
    usages: ["server"]
  })
  const settings = { disableAdmissionPlugins: ["ServiceAccount"], ...rest }
  const storeLayer = store === "memory" ? Layer.fresh(layerMemory) : store
  const scope = Scope.makeUnsafe()
  const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
  const started = Effect.gen(function* () {
    const context = yield* Layer.buildWithScope(Layer.fresh(layer(settings)).pipe(Layer.provide(storeLayer)), scope)
    const apiserver = Context.get(context, Apiserver)
    const listening = yield* serve(apiserver, {
      host,
      port,
      shutdownDelayMs,
      tls: { ...tls, clientCa: authority.cert }
    }).pipe(Scope.provide(scope))
    const insecure =
      insecurePort === undefined ? undefined : yield* openInsecure(apiserver, insecurePort).pipe(Scope.provide(scope))
    return { apiserver, listening, insecure }
  })
  const { apiserver, listening, insecure } = await Effect.runPromise(started).catch(async (error) => {
    await close()
    throw error
  })
  const kubeconfigFor: RunningApiserver["kubeconfigFor"] = async ({ name, groups = [] }) => {
    const pair = await issueCertificate(authority, { commonName: name, organizations: groups, usages: ["client"] })
    return kubeconfigText({ server: listening.url, authority: authority.cert, user: name, ...pair })
  }
  return {
    url: listening.url,
    port: listening.port,
    ...(insecure === undefined ? {} : { insecureUrl: insecure.url }),
    fetch: apiserver.fetchAs(admin),
    fetchAs: apiserver.fetchAs,
    kubeconfig: await kubeconfigFor({ name: admin.name, groups: ["system:masters"] }),
    kubeconfigFor,
    authority,
    close,
    [Symbol.asyncDispose]: close
  }
}
