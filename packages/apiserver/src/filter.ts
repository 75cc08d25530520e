/** Which objects a collection request means: a part of the keys, and a test of each object. @module */
import { type KubernetesObject, matchesLabels } from "@tsukube/api"
import { fieldFilter } from "./fields.ts"
import type { ListRequest } from "./list-options.ts"
import type { RequestInfo } from "./request.ts"
import { type Served, shownObject } from "./served.ts"
import type { StoredObject } from "./stored.ts"

/** `matches` undefined: everything under the prefix. */
export interface Filter {
  readonly prefix: string
  readonly matches: ((stored: StoredObject) => boolean) | undefined
}

/** The filter of a list, watch or deletecollection. */
export const filterOf = (served: Served, info: RequestInfo, request: ListRequest): Filter => {
  const prefix = served.resource.namespaced && info.namespace !== "" ? `${served.folder}${info.namespace}/` : served.folder
  const fields = fieldFilter(served.resource, request.fields)
  const { labels } = request
  const byLabels = labels.nothing === true || labels.requirements.length > 0
  if (fields === undefined && !byLabels) return { prefix, matches: undefined }
  const matchesObject = (object: KubernetesObject): boolean =>
    (!byLabels || matchesLabels(labels, object.metadata?.labels)) && (fields === undefined || fields(object))
  return { prefix, matches: (stored) => matchesObject(shownObject(served, stored)) }
}
