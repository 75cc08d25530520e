/** ComponentStatuses: how the parts of a control plane are, asked when somebody reads them and stored nowhere. @module */
import { type KubernetesObject, notFound } from "@tsukube/api"
import type { ComponentStatus } from "@tsukube/api/core-v1"
import * as Effect from "effect/Effect"
import { listResponse, storedResponse } from "../encode/json.ts"
import { filterOf } from "../filter.ts"
import { readListRequest } from "../list-options.ts"
import type { RequestContext } from "../request.ts"
import type { Served } from "../served.ts"
import type { Serving } from "../serving.ts"
import { keyOf, StoredObject } from "../stored.ts"

const askedWithin = "2 seconds"

/** The store goes by the name of upstream's. Other parts of the control plane are not known here: they speak by their Leases. */
const componentStatuses = async (serving: Serving): Promise<ReadonlyArray<ComponentStatus>> => {
  const failure = await Effect.runPromise(
    serving.ping.pipe(
      Effect.timeout(askedWithin),
      Effect.match({ onSuccess: () => undefined, onFailure: (error) => error.message })
    )
  )
  const condition =
    failure === undefined
      ? { type: "Healthy", status: "True", message: "ok" }
      : { type: "Healthy", status: "False", message: failure, error: failure }
  return [{ kind: "ComponentStatus", apiVersion: "v1", metadata: { name: "etcd-0" }, conditions: [condition] }]
}

const unstored = ({ stored }: Served, object: KubernetesObject): StoredObject =>
  new StoredObject(keyOf(stored, "", object.metadata?.name ?? ""), JSON.stringify(object), 0n, 0n)

/** Answers GET of one. */
export const getComponentStatus = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> => {
  const { name } = context.info
  const found = (await componentStatuses(serving)).find(({ metadata }) => metadata?.name === name)
  if (found === undefined) throw notFound(served.resource, name)
  return storedResponse(serving, context, served, unstored(served, found))
}

/** Answers GET of all. */
export const listComponentStatuses = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> => {
  const { matches } = filterOf(served, context.info, readListRequest(context.url.searchParams, false))
  const items = (await componentStatuses(serving)).map((status) => unstored(served, status))
  return listResponse(serving, context, served, matches === undefined ? items : items.filter(matches), { resourceVersion: "" })
}
