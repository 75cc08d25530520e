/** Lists the operations on resources as OpenAPI has them: enough for clients that look for a kind, or for a parameter. @module */
import type { Resource, Verb } from "@tsukube/api"
import { type Dialect, type Json, referenceTo } from "./schema.ts"

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1"

/** Which method on which path a verb is. */
const operations: ReadonlyArray<{ readonly verb: Verb; readonly method: string; readonly named: boolean }> = [
  { verb: "list", method: "get", named: false },
  { verb: "create", method: "post", named: false },
  { verb: "deletecollection", method: "delete", named: false },
  { verb: "get", method: "get", named: true },
  { verb: "update", method: "put", named: true },
  { verb: "patch", method: "patch", named: true },
  { verb: "delete", method: "delete", named: true }
]

const queries: Readonly<Partial<Record<Verb, ReadonlyArray<string>>>> = {
  create: ["dryRun", "fieldManager", "fieldValidation"],
  update: ["dryRun", "fieldManager", "fieldValidation"],
  patch: ["dryRun", "fieldManager", "fieldValidation", "force"],
  delete: ["dryRun", "gracePeriodSeconds", "propagationPolicy"],
  list: ["continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "watch"],
  deletecollection: ["dryRun", "fieldSelector", "labelSelector"]
}

const integers = new Set(["gracePeriodSeconds", "limit"])
const booleans = new Set(["force", "watch"])

const parameter = (dialect: Dialect, name: string, place: "path" | "query"): Json => {
  const type = integers.has(name) ? "integer" : booleans.has(name) ? "boolean" : "string"
  return {
    name,
    in: place,
    ...(place === "path" ? { required: true } : {}),
    ...(dialect === 2 ? { type, uniqueItems: true } : { schema: { type, uniqueItems: true } })
  }
}

const response = (dialect: Dialect, definition: string): Json => {
  const schema = referenceTo(dialect, definition)
  return { description: "OK", ...(dialect === 2 ? { schema } : { content: { "application/json": { schema } } }) }
}

const operation = (dialect: Dialect, resource: Resource, verb: Verb, listDefinition: string): Json => {
  const { group, version, kind, schema } = resource
  const answer = verb === "list" ? listDefinition : verb === "delete" || verb === "deletecollection" ? `${meta}.Status` : schema
  const body = verb === "patch" ? `${meta}.Patch` : schema
  const hasBody = verb === "create" || verb === "update" || verb === "patch"
  const parameters = (queries[verb] ?? []).map((name) => parameter(dialect, name, "query"))
  const bodyParameter = { name: "body", in: "body", required: true, schema: referenceTo(dialect, body) }
  return {
    responses: { "200": response(dialect, answer) },
    parameters: hasBody && dialect === 2 ? [bodyParameter, ...parameters] : parameters,
    ...(hasBody && dialect === 3 ? { requestBody: { content: { "*/*": { schema: referenceTo(3, body) } } } } : {}),
    "x-kubernetes-action": verb === "create" ? "post" : verb === "update" ? "put" : verb,
    "x-kubernetes-group-version-kind": { group, kind, version }
  }
}

/** The definition of a resource's list. */
export const listDefinitionOf = ({ schema, listKind }: Resource): string =>
  `${schema.slice(0, schema.lastIndexOf(".") + 1)}${listKind}`

/** The paths of one resource, collections and objects. */
export const pathsOf = (dialect: Dialect, resource: Resource): Json => {
  const { group, version, plural, namespaced, verbs } = resource
  const start = group === "" ? `/api/${version}` : `/apis/${group}/${version}`
  const collection = namespaced ? `${start}/namespaces/{namespace}/${plural}` : `${start}/${plural}`
  const list = listDefinitionOf(resource)
  const place = (named: boolean): Json => {
    const found = operations.filter((one) => one.named === named && verbs.includes(one.verb))
    if (found.length === 0) return {}
    const names = [...(named ? ["name"] : []), ...(namespaced ? ["namespace"] : [])]
    return {
      ...Object.fromEntries(found.map(({ verb, method }) => [method, operation(dialect, resource, verb, list)])),
      parameters: names.map((name) => parameter(dialect, name, "path"))
    }
  }
  const everywhere =
    namespaced && verbs.includes("list") ? { [`${start}/${plural}`]: { get: operation(dialect, resource, "list", list) } } : {}
  const places = { ...everywhere, [collection]: place(false), [`${collection}/{name}`]: place(true) }
  return Object.fromEntries(Object.entries(places).filter(([, value]) => Object.keys(value).length > 0))
}
