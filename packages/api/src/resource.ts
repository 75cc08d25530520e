/** What a resource is: the coordinates, names and abilities that the API server serves and clients address. @module */
import type { ObjectMeta } from "./types/meta-v1.ts"

/** The least that every Kubernetes object has. */
export interface KubernetesObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: ObjectMeta
}

/** What may be done to a resource, in the words of discovery and RBAC. */
export type Verb = "create" | "delete" | "deletecollection" | "get" | "list" | "patch" | "update" | "watch"

/** A part of a resource that is read or written on its own, such as `status` or `scale`. */
export interface Subresource {
  readonly name: string
  /** Group, version and kind of what it speaks; not always its parent's (`Scale` of `autoscaling/v1`). */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly verbs: ReadonlyArray<Verb>
  /** Definition name; absent for kinds that only exist as query parameters (`PodExecOptions`). */
  readonly schema?: string
}

/** A resource of one group and version; `T` is the type of its objects. */
export interface Resource<out T = KubernetesObject> {
  /** The API group; the empty string is the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly listKind: string
  readonly namespaced: boolean
  readonly verbs: ReadonlyArray<Verb>
  readonly shortNames: ReadonlyArray<string>
  readonly categories: ReadonlyArray<string>
  readonly subresources: ReadonlyArray<Subresource>
  /** Name of the definition of its objects, as `schemaOf` takes it. */
  readonly schema: string
  /** False for alpha and beta versions, which upstream serves only when asked. */
  readonly servedByDefault: boolean
  /** Never there at run time: carries the type of the objects. */
  readonly _object?: T
}

/** Where an object, a list or a subresource is. */
export interface ResourceLocation {
  readonly namespace?: string
  readonly name?: string
  readonly subresource?: string
}

/** The `apiVersion` of a resource's objects: `v1`, `apps/v1`. */
export const apiVersionOf = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group === "" ? version : `${group}/${version}`

const typeNames = new WeakMap<Resource<unknown>, string>()

/** A resource's `apiVersion/Kind`, under which tables have what is special about a kind. Every object is looked up in some of them. */
export const typeNameOf = (resource: Resource<unknown>): string => {
  const known = typeNames.get(resource)
  if (known !== undefined) return known
  const name = `${apiVersionOf(resource)}/${resource.kind}`
  typeNames.set(resource, name)
  return name
}

/** The URL path of a resource, one of its objects or a subresource; without a namespace, of all namespaces. */
export const pathOf = (resource: Resource<unknown>, { namespace, name, subresource }: ResourceLocation = {}): string => {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const scope =
    resource.namespaced && namespace !== undefined && namespace !== "" ? `/namespaces/${encodeURIComponent(namespace)}` : ""
  const object = name === undefined ? "" : `/${encodeURIComponent(name)}`
  return `${root}${scope}/${resource.plural}${object}${subresource === undefined ? "" : `/${subresource}`}`
}

/** The resource as messages name it: `pods`, `deployments.apps`. */
export const groupResourceOf = ({ group, plural }: { readonly group: string; readonly plural: string }): string =>
  group === "" ? plural : `${plural}.${group}`

/** The kind as messages name it: `Pod`, `Deployment.apps`. */
export const groupKindOf = ({ group, kind }: { readonly group: string; readonly kind: string }): string =>
  group === "" ? kind : `${kind}.${group}`
