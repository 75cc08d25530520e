/** Who may ask a kubelet for what: the API server decides, by TokenReview and SubjectAccessReview. @module */
import { tokenreviews } from "@tsukube/api/authentication-v1"
import { subjectaccessreviews } from "@tsukube/api/authorization-v1"
import type { Client } from "@tsukube/client"
import { Effect } from "effect"

/** A user as a certificate or a token names him. */
export interface ClientIdentity {
  readonly name: string
  readonly groups: ReadonlyArray<string>
}

/** Decides about clients. */
export interface KubeletAccess {
  /** Whose token it is; undefined when nobody's. */
  readonly identify: (token: string) => Promise<ClientIdentity | undefined>
  readonly allows: (client: ClientIdentity, verb: string, subresource: string) => Promise<boolean>
}

/** Whoever belongs to it may do anything in the cluster, also while the API server cannot be asked. */
const trustedGroup = "system:masters"
const authenticated = "system:authenticated"

/** Asks the API server each time: rights that were taken away are gone at once. A server that does not answer lets nobody in. */
export const accessBy = (client: Client, nodeName: string): KubeletAccess => ({
  identify: (token) =>
    Effect.runPromise(
      client.create(tokenreviews, { metadata: {}, spec: { token } }).pipe(
        Effect.map(({ status }) =>
          status?.authenticated === true ? { name: status.user?.username ?? "", groups: status.user?.groups ?? [] } : undefined
        ),
        Effect.orElseSucceed(() => undefined)
      )
    ),
  allows: async ({ name, groups }, verb, subresource) => {
    if (groups.includes(trustedGroup)) return true
    const resourceAttributes = { verb, group: "", version: "v1", resource: "nodes", subresource, name: nodeName }
    const spec = { user: name, groups: [...new Set([...groups, authenticated])], resourceAttributes }
    return Effect.runPromise(
      client.create(subjectaccessreviews, { metadata: {}, spec }).pipe(
        Effect.map(({ status }) => status?.allowed === true),
        Effect.orElseSucceed(() => false)
      )
    )
  }
})

const verbs: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" }

/** What a request needs: any of these subresources of the node. Most need `proxy`; some have one of their own as well. */
export const accessOf = (
  method: string,
  path: string
): { readonly verb: string; readonly subresources: ReadonlyArray<string> } => {
  const [first = ""] = path.split("/").filter(Boolean)
  const own: Readonly<Record<string, ReadonlyArray<string>>> = {
    stats: ["stats"],
    metrics: ["metrics"],
    logs: ["log"],
    healthz: ["healthz", "proxy"],
    pods: ["pods", "proxy"],
    runningpods: ["pods", "proxy"],
    configz: ["configz", "proxy"]
  }
  return { verb: verbs[method] ?? "get", subresources: Object.hasOwn(own, first) ? own[first]! : ["proxy"] }
}
