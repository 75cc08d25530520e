/** GET of one object. @module */
import { notFound } from "@tsukube/api"
import { storedResponse } from "../encode/json.ts"
import { freshen } from "../freshness.ts"
import { readResourceVersion } from "../list-options.ts"
import type { RequestContext } from "../request.ts"
import type { Served } from "../served.ts"
import type { Serving } from "../serving.ts"
import { keyOf, type StoredObject } from "../stored.ts"

/** The object a request names, as fresh as it asks; 404 when it is not there. */
export const findObject = async (serving: Serving, context: RequestContext, served: Served): Promise<StoredObject> => {
  const { info, url } = context
  await freshen(serving, readResourceVersion(url.searchParams.get("resourceVersion")))
  const stored = serving.cache
    .bucket(served.folder)
    .objects.get(keyOf(served.stored, namespaceOf(served, info.namespace), info.name))
  if (stored === undefined) throw notFound(served.resource, info.name)
  return stored
}

/** A Namespace's own path names itself as namespace, but it is not in one. */
export const namespaceOf = (served: Served, namespace: string): string => (served.resource.namespaced ? namespace : "")

/** Answers GET of an object and of its status, which shows the whole object as well. */
export const get = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> =>
  storedResponse(serving, context, served, await findObject(serving, context, served))
