/** Turns a body into an object of the expected kind, and treats unknown and repeated fields as `fieldValidation` says. @module */
import { apiVersionOf, badRequest, checkStructure, findByKind, type KubernetesObject, ParseError } from "@tsukube/api"
import type { RequestContext } from "../request.ts"
import { type Body, type ParsedBody, parseBody } from "./body.ts"
import type { FieldValidation } from "./write-options.ts"

/** What a body must be. */
export interface ExpectedKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  /** Definition name. */
  readonly schema: string
}

const shownBytes = 30

/** The beginning of a body for a message: text when it looks like JSON, else hexadecimal. */
const summary = (text: string): string => {
  if (text === "") return "<empty>"
  const cut = text.length > shownBytes
  const start = text.slice(0, shownBytes)
  return text.startsWith("{") ? `${start}${cut ? " ..." : ""}` : `${Buffer.from(start).toString("hex")}${cut ? " ..." : ""}`
}

const unrecognized = (body: Body, kind: string, message: string): Error =>
  badRequest(`the object provided is unrecognized (must be of type ${kind}): ${message} (${summary(body.text)})`)

const parse = (body: Body, kind: string): ParsedBody => {
  try {
    return parseBody(body)
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    throw unrecognized(body, kind, `couldn't get version/kind; json parse error: ${error.message}`)
  }
}

const typeMetaOf = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'

const goTypeOf = (value: unknown): string => (Array.isArray(value) ? "array" : typeof value)

/** The object of a body. `null` and absent kinds take the expected one. */
export const decodeObject = (
  context: RequestContext,
  body: Body,
  expected: ExpectedKind,
  fieldValidation: FieldValidation
): KubernetesObject => {
  const { value, duplicates } = parse(body, expected.kind)
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const message = `couldn't get version/kind; json parse error: json: cannot unmarshal ${goTypeOf(value)} into Go value of type ${typeMetaOf}`
    throw unrecognized(body, expected.kind, message)
  }
  return decodeValue(context, value as Readonly<Record<string, unknown>>, expected, fieldValidation, duplicates)
}

/** The same for what is parsed already, such as the outcome of a patch. */
export const decodeValue = (
  context: RequestContext,
  value: Readonly<Record<string, unknown>>,
  expected: ExpectedKind,
  fieldValidation: FieldValidation,
  duplicates: ReadonlyArray<string> = []
): KubernetesObject => {
  const apiVersion = checkKind(value, expected)
  const { issues, pruned, unknown } = checkStructure({ ...value, apiVersion, kind: expected.kind }, expected.schema)
  const issue = issues[0]
  if (issue !== undefined) throw cannotBeHandled(expected, issue.message)
  const complaints = [
    ...unknown.map((path) => `unknown field ${JSON.stringify(path)}`),
    ...duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`)
  ]
  if (complaints.length > 0 && fieldValidation === "Strict") {
    throw cannotBeHandled(expected, `strict decoding error: ${complaints.join(", ")}`)
  }
  if (fieldValidation === "Warn") context.warnings.push(...complaints)
  return withReset(pruned, value)
}

/** An empty list of managed fields means something, though it is nothing to the schema. */
const withReset = (object: KubernetesObject, value: Readonly<Record<string, unknown>>): KubernetesObject => {
  const { managedFields } = (value["metadata"] ?? {}) as { readonly managedFields?: unknown }
  if (!Array.isArray(managedFields) || object.metadata?.managedFields !== undefined) return object
  return { ...object, metadata: { ...object.metadata, managedFields } }
}

/** The package of the kind without a version, as upstream names it: `core`, or the first label of the group. */
const internalPackage = ({ group }: ExpectedKind): string => (group === "" ? "core" : group.split(".")[0]!)

const cannotBeHandled = ({ kind, version }: ExpectedKind, message: string, actual = { kind, version }): Error =>
  badRequest(`${actual.kind} in version ${JSON.stringify(actual.version)} cannot be handled as a ${kind}: ${message}`)

/** Compares what the body says it is with what the path stands for; gives the apiVersion to go on with. */
const checkKind = (value: Readonly<Record<string, unknown>>, expected: ExpectedKind): string => {
  const wanted = apiVersionOf(expected)
  const apiVersion = typeof value["apiVersion"] === "string" && value["apiVersion"] !== "" ? value["apiVersion"] : wanted
  const kind = typeof value["kind"] === "string" && value["kind"] !== "" ? value["kind"] : expected.kind
  if (apiVersion === wanted && kind === expected.kind) return wanted
  const version = apiVersion.slice(apiVersion.lastIndexOf("/") + 1)
  if (findByKind(apiVersion, kind) === undefined && !(apiVersion === wanted && kind === expected.kind)) {
    const message = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"`
    throw cannotBeHandled(expected, message, { kind, version })
  }
  if (apiVersion !== wanted) {
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`)
  }
  throw cannotBeHandled(
    expected,
    `converting (${version}.${kind}) to (${internalPackage(expected)}.${expected.kind}): unknown conversion`,
    { kind, version }
  )
}
