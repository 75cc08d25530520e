/** What a request is to the server, and the seams at which its parts (authentication, authorization, tables, connections) join. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import type { PolicyRule } from "@tsukube/api/rbac-v1"
import type { Upgrade } from "./upgrade.ts"

/** Who asks: the outcome of authentication. */
export interface UserInfo {
  readonly name: string
  readonly uid?: string
  readonly groups: ReadonlyArray<string>
  readonly extra?: Readonly<Record<string, ReadonlyArray<string>>>
}

/** What an authorizer is asked: may this be done to that. `isResource: false` means a plain path such as `/healthz`. */
export interface Attributes {
  readonly isResource: boolean
  /** The URL's path, decoded only where the server does so itself. */
  readonly path: string
  /** get, list, watch, create, update, patch, delete, deletecollection; for plain paths the lower-case method. */
  readonly verb: string
  /** "" is the core group. */
  readonly group: string
  readonly version: string
  /** Plural name; "" for plain paths and for `/api/v1` itself. */
  readonly resource: string
  /** "" for the resource itself. */
  readonly subresource: string
  /** "" for cluster-scoped resources and for all namespaces. */
  readonly namespace: string
  /** "" for collections. */
  readonly name: string
}

/** A URL and method, read as Kubernetes reads them. */
export interface RequestInfo extends Attributes {
  /** What follows the subresource (`proxy/…`), without a leading slash; "" mostly. */
  readonly rest: string
}

/** What the listening socket knows of the peer. */
export interface Connection {
  readonly remoteAddress?: string
  /** Only a certificate that was verified against the client authority. */
  readonly clientCertificate?: {
    readonly commonName: string
    readonly organizations: ReadonlyArray<string>
    readonly uid?: string
  }
  /** There when the client asked to leave HTTP (exec, attach, port-forward): whoever goes along takes it, and his response is not sent. */
  readonly upgrade?: Upgrade
}

/** Everything a handler may need to know. `warnings` are sent as `Warning` headers. */
export interface RequestContext {
  readonly request: Request
  readonly url: URL
  readonly info: RequestInfo
  readonly user: UserInfo
  readonly connection: Connection | undefined
  readonly warnings: Array<string>
  /** It comes from a part of the same process: what it brings is in memory already. */
  readonly inProcess?: boolean
}

/** Says who asks; `undefined` when it has no opinion (the next one is asked), throws a 401 `StatusError` for bad credentials. */
export type Authenticator = (request: Request, connection?: Connection) => Promise<UserInfo | undefined>

/** `reason` is shown to the user on refusal. */
export interface Decision {
  readonly allowed: boolean
  readonly reason?: string
}

/** Says whether a user may do something. */
export type Authorizer = (user: UserInfo, attributes: Attributes) => Promise<Decision>

/** A `meta.k8s.io/v1` Table without its metadata, which the list's own fills. */
export interface Table {
  readonly columnDefinitions: ReadonlyArray<{
    readonly name: string
    readonly type: string
    readonly format: string
    readonly description: string
    readonly priority: number
  }>
  readonly rows: ReadonlyArray<{
    readonly cells: ReadonlyArray<unknown>
    readonly conditions?: ReadonlyArray<unknown>
    readonly object?: unknown
  }>
}

/** `includeObject`: None, Metadata (default: a PartialObjectMetadata) or Object. `now` in milliseconds, for ages. */
export interface TableOptions {
  readonly includeObject: "None" | "Metadata" | "Object"
  readonly now: number
}

/** Prints objects of one resource as rows. */
export type ToTable = (objects: ReadonlyArray<KubernetesObject>, resource: Resource, options: TableOptions) => Table

/** Answers requests that are not about stored resources (discovery, OpenAPI, keys); `undefined`: not mine. Runs after authorization. */
export type Route = (context: RequestContext) => Promise<Response | undefined> | Response | undefined

/** Answers a create-only, never stored resource (TokenReview, SubjectAccessReview, …): gets the decoded object, gives the filled one. */
export type Review = (context: RequestContext, object: KubernetesObject) => Promise<KubernetesObject>

/** Answers `log`, `exec`, `attach`, `portforward` and `proxy` over plain HTTP; `object` is the pod, node or service. */
export type Connect = (context: RequestContext, object: KubernetesObject) => Promise<Response>

/** What a service account token is to say. */
export interface TokenSpec {
  readonly serviceAccount: { readonly namespace: string; readonly name: string; readonly uid: string }
  readonly audiences: ReadonlyArray<string>
  readonly expirationSeconds: number
  readonly boundObject?: { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string }
}

/** Signs service account tokens. `audiences` is what was really used (the issuer when none was asked for). */
export type TokenSigner = (
  spec: TokenSpec
) => Promise<{ readonly token: string; readonly expirationTimestamp: string; readonly audiences: ReadonlyArray<string> }>

/** Reads of the watch cache, synchronous and shared: never mutate what it gives. */
export interface Registry {
  readonly get: <T>(resource: Resource<T>, key: { readonly namespace?: string; readonly name: string }) => T | undefined
  readonly list: <T>(resource: Resource<T>, namespace?: string) => ReadonlyArray<T>
  /** Calls back after every change of the resource (not for what is there already); gives the way to stop. */
  readonly onChange: (resource: Resource, changed: () => void) => () => void
}

/** The parts that the server is made of besides its verbs; `makeParts` gives the defaults. */
export interface Parts {
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  /** What a user may do in a namespace and so may grant; `undefined`: not known by rules, and not limited. */
  readonly heldRules: (user: UserInfo, namespace: string) => ReadonlyArray<PolicyRule> | undefined
  readonly toTable: ToTable
  readonly routes: ReadonlyArray<Route>
  /** By `resource.group` (`tokenreviews.authentication.k8s.io`). */
  readonly reviews: Readonly<Record<string, Review>>
  /** By `resource/subresource` (`pods/log`). */
  readonly connect: Readonly<Record<string, Connect>>
  /** By `resource/subresource` as well; the name is theirs to read, it may have a scheme and a port. */
  readonly proxies: Readonly<Record<string, (context: RequestContext) => Promise<Response>>>
  readonly tokens: TokenSigner
}
