/** Asks a real kube-apiserver what it says of an object, to hold the tables of validation against it. @module */

import { isObject, type JsonObject } from "../json.ts"
import { pathOf, type Resource } from "../resource.ts"

/** What a server found, as `field: message`; none when it accepted. Any other refusal is one sentence. */
export type Said = ReadonlyArray<string>

/** A server that nobody else uses. */
export interface Upstream {
  /** What is said of a new object; nothing is kept. */
  readonly ofNew: (resource: Resource<unknown>, object: JsonObject) => Promise<Said>
  /** What is said of an object that is changed; it is made for that and goes afterwards. */
  readonly ofChange: (resource: Resource<unknown>, object: JsonObject, change: (made: JsonObject) => JsonObject) => Promise<Said>
}

/** The server that the environment names: UPSTREAM_URL and the token of an administrator, UPSTREAM_TOKEN. */
export const upstreamFrom = (env: Readonly<Record<string, string | undefined>>): Upstream | undefined => {
  const { UPSTREAM_URL: url, UPSTREAM_TOKEN: token } = env
  if (url === undefined || url === "") return undefined
  const send = async (method: string, path: string, body?: object): Promise<JsonObject> => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token ?? ""}`, "content-type": "application/json" },
      // Its certificate is of its own making.
      tls: { rejectUnauthorized: false },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    return (await response.json()) as JsonObject
  }
  const place = (resource: Resource<unknown>, object: JsonObject) => {
    const metadata = object["metadata"] as { readonly name?: string; readonly namespace?: string }
    const namespace = metadata.namespace === undefined ? {} : { namespace: metadata.namespace }
    const all = pathOf(resource, namespace)
    return { all, one: `${all}/${metadata.name ?? ""}` }
  }
  return {
    ofNew: async (resource, object) => {
      const { all } = place(resource, object)
      return saidOf(await send("POST", `${all}?dryRun=All`, object))
    },
    ofChange: async (resource, object, change) => {
      const { all, one } = place(resource, object)
      const made = await send("POST", all, object)
      if (made["kind"] === "Status") return [`the object itself: ${saidOf(made).join("; ")}`]
      const said = saidOf(await send("PUT", `${one}?dryRun=All`, change(made)))
      await send("DELETE", `${one}?gracePeriodSeconds=0&propagationPolicy=Background`)
      const left = await send("GET", one)
      if (left["kind"] !== "Status")
        await send("PUT", one, { ...left, metadata: { ...(left["metadata"] as object), finalizers: [] } })
      return said
    }
  }
}

const saidOf = (answer: JsonObject): Said => {
  if (answer["kind"] !== "Status" || answer["status"] !== "Failure") return []
  const { causes } = (answer["details"] ?? {}) as { readonly causes?: ReadonlyArray<JsonObject> }
  if (answer["reason"] !== "Invalid" || causes === undefined) return [String(answer["message"])]
  return causes.filter(isObject).map(({ field, message }) => `${String(field)}: ${String(message)}`)
}
