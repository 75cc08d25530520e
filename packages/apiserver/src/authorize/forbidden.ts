/** Words a refusal as Kubernetes does. @module */
import { forbidden, type StatusError } from "@tsukube/api"
import type { Attributes, UserInfo } from "../request.ts"

/** 403: `pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "y"`. */
export const forbiddenError = (user: UserInfo, attributes: Attributes, reason = ""): StatusError => {
  const { isResource, verb, path, group, resource, subresource, namespace, name } = attributes
  const quoted = (text: string) => JSON.stringify(text)
  const why = reason === "" ? "" : `: ${reason}`
  const who = `User ${quoted(user.name)} cannot ${verb}`
  if (!isResource) return forbidden({ group: "", plural: "" }, "", `${who} path ${quoted(path)}${why}`)
  const what = subresource === "" ? resource : `${resource}/${subresource}`
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${quoted(namespace)}`
  return forbidden(
    { group, plural: resource },
    name,
    `${who} resource ${quoted(what)} in API group ${quoted(group)} ${where}${why}`
  )
}
