/** Which objects a collection request means: a part of the keys, and a test of each object. @module */
import { type KubernetesObject, matchesLabels } from "@tsukube/api"
import type { Interest } from "./bucket.ts"
import { fieldFilter, readField } from "./fields.ts"
import type { ListRequest } from "./list-options.ts"
import type { RequestInfo } from "./request.ts"
import { type Served, shownObject } from "./served.ts"
import type { StoredObject } from "./stored.ts"

/** `matches` undefined: everything under the prefix. */
export interface Filter {
  readonly prefix: string
  readonly matches: ((stored: StoredObject) => boolean) | undefined
  /** The requirement by which most objects of a big cluster can be passed over. */
  readonly interest?: Interest
}

/** Fields that many watchers ask for one value each of: every kubelet its node's pods, everybody one object by name. */
const indexed = ["spec.nodeName", "metadata.name"]

const interestOf = ({ resource, ...served }: Served, request: ListRequest): Interest | undefined => {
  const chosen = request.fields.find(({ field, operator }) => operator === "=" && indexed.includes(field))
  const read = chosen === undefined ? undefined : readField(resource, chosen.field)
  if (chosen === undefined || read === undefined) return undefined
  return { field: chosen.field, value: chosen.value, read: (stored) => read(shownObject({ resource, ...served }, stored)) }
}

/** Within one namespace, or without any, a name is nearly a key. */
const namePart = (served: Served, info: RequestInfo, request: ListRequest): string => {
  if (served.resource.namespaced && info.namespace === "") return ""
  return request.fields.find(({ field, operator }) => operator === "=" && field === "metadata.name")?.value ?? ""
}

/** A deprecated `/watch/…/NAME` path says in the path what others say by a field selector. */
const withPathName = (request: ListRequest, { verb, name }: RequestInfo): ListRequest => {
  if (verb !== "watch" || name === "") return request
  return { ...request, fields: [...request.fields, { field: "metadata.name", operator: "=", value: name }] }
}

/** The filter of a list, watch or deletecollection. */
export const filterOf = (served: Served, info: RequestInfo, asked: ListRequest): Filter => {
  const request = withPathName(asked, info)
  const folder = served.resource.namespaced && info.namespace !== "" ? `${served.folder}${info.namespace}/` : served.folder
  const prefix = folder + namePart(served, info, request)
  const fields = fieldFilter(served.resource, request.fields)
  const { labels } = request
  const byLabels = labels.nothing === true || labels.requirements.length > 0
  if (fields === undefined && !byLabels) return { prefix, matches: undefined }
  const matchesObject = (object: KubernetesObject): boolean =>
    (!byLabels || matchesLabels(labels, object.metadata?.labels)) && (fields === undefined || fields(object))
  const interest = interestOf(served, request)
  return {
    prefix,
    matches: (stored) => matchesObject(shownObject(served, stored)),
    ...(interest === undefined ? {} : { interest })
  }
}
