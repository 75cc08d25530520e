/**
 * Strategic merge patch: a merge patch that knows from the schema which lists are merged by key, and obeys directives in the patch.
 * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/ and
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 * @module
 */
import { isList, isObject, type JsonObject, own } from "../json.ts"
import { resolve, type Schema, schemaOf } from "../schema.ts"
import { badRequest, unprocessable } from "../status.ts"
import { orderList } from "./order.ts"

const deletePrefix = "$deleteFromPrimitiveList/"
const orderPrefix = "$setElementOrder/"

/**
 * Applies a strategic merge patch to an object of a definition and returns the new object; the old one is untouched.
 * Throws `StatusError`, 400 or 422, when directives are malformed.
 */
export const applyStrategicMergePatch = (document: unknown, patch: unknown, definition: string): unknown => {
  if (!isObject(patch)) {
    throw badRequest(
      `json: cannot unmarshal ${isList(patch) ? "array" : typeof patch} into Go value of type map[string]interface {}`
    )
  }
  return mergeObject(isObject(document) ? document : {}, patch, schemaOf(definition))
}

const mergeObject = (source: JsonObject, patch: JsonObject, schema: Schema): JsonObject => {
  const directive = own(patch, "$patch")
  if (directive === "delete") return {}
  if (directive === "replace") return withoutDirectives(without(patch, "$patch")) as JsonObject
  if (directive !== undefined && directive !== "merge") throw unprocessable()
  const result = new Map(Object.entries(retain(source, patch)))
  for (const [key, change] of Object.entries(patch)) {
    if (key.startsWith("$")) continue
    if (change === null) result.delete(key)
    else result.set(key, mergeValue(result.get(key), change, fieldOf(schema, key), own(patch, orderPrefix + key)))
  }
  for (const [key, change] of Object.entries(patch)) {
    if (key.startsWith(deletePrefix)) deleteFromList(result, key.slice(deletePrefix.length), change)
    if (key.startsWith(orderPrefix)) setOrder(result, source, patch, key.slice(orderPrefix.length), change, schema)
  }
  return Object.fromEntries(result)
}

const without = (object: JsonObject, key: string): JsonObject => {
  const { [key]: _, ...others } = object
  return others
}

const fieldOf = (schema: Schema, key: string): Schema => {
  const field = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties?.[key] : schema.additionalProperties
  return field === undefined ? {} : resolve(field)
}

/** `$retainKeys` names the only fields that may remain; every other field of the patch must be among them. */
const retain = (source: JsonObject, patch: JsonObject): JsonObject => {
  const keys = own(patch, "$retainKeys")
  if (keys === undefined) return source
  if (!isList(keys)) throw badRequest("invalid patch format of retainKeys")
  for (const key in patch) {
    if (!key.startsWith("$") && patch[key] !== null && !keys.includes(key)) throw badRequest("invalid patch format of retainKeys")
  }
  return Object.fromEntries(Object.entries(source).filter(([key]) => keys.includes(key)))
}

const mergeValue = (source: unknown, change: unknown, schema: Schema, order: unknown): unknown => {
  const strategies = schema.patchStrategy?.split(",") ?? []
  if (isObject(source) && isObject(change)) {
    return strategies.includes("replace") ? withoutDirectives(change) : mergeObject(source, change, schema)
  }
  if (isList(source) && isList(change) && strategies.includes("merge"))
    return mergeList(source, change, schema, order !== undefined)
  return withoutDirectives(change)
}

/** `ordered`: a `$setElementOrder` follows and decides the order instead. */
const mergeList = (
  source: ReadonlyArray<unknown>,
  patch: ReadonlyArray<unknown>,
  schema: Schema,
  ordered: boolean
): ReadonlyArray<unknown> => {
  const mergeKey = schema.patchMergeKey
  if (![...source, ...patch].some(isObject)) {
    const merged = [...new Set([...source, ...patch])]
    return ordered ? merged : orderList(merged, patch, source, undefined)
  }
  if (mergeKey === undefined) throw unprocessable()
  const changes = patch.filter((item) => !hasDirective(item))
  if (patch.some((item) => directiveOf(item) === "replace")) return changes.map(withoutDirectives)
  const items = schema.items === undefined ? {} : resolve(schema.items)
  let merged = removeMatching(source, patch, mergeKey)
  for (const change of changes) {
    if (!isObject(change) || !Object.hasOwn(change, mergeKey)) {
      throw badRequest(`map: ${JSON.stringify(change)} does not contain declared merge key: ${mergeKey}`)
    }
    const index = merged.findIndex((item) => isObject(item) && sameKey(item, change, mergeKey))
    const previous = merged[index]
    merged = isObject(previous)
      ? merged.with(index, mergeObject(previous, change, items))
      : [...merged, withoutDirectives(change)]
  }
  return ordered ? merged : orderList(merged, changes, source, mergeKey)
}

const directiveOf = (item: unknown): unknown => (isObject(item) ? own(item, "$patch") : undefined)

const hasDirective = (item: unknown): boolean => {
  const directive = directiveOf(item)
  if (directive !== undefined && directive !== "delete" && directive !== "replace") throw unprocessable()
  return directive !== undefined
}

const sameKey = (a: JsonObject, b: JsonObject, key: string): boolean =>
  own(a, key) !== undefined && String(own(a, key)) === String(own(b, key))

const removeMatching = (
  source: ReadonlyArray<unknown>,
  patch: ReadonlyArray<unknown>,
  mergeKey: string
): ReadonlyArray<unknown> => {
  const removed = patch.filter((item): item is JsonObject => directiveOf(item) === "delete")
  if (removed.some((item) => !Object.hasOwn(item, mergeKey))) throw unprocessable()
  return source.filter((item) => !(isObject(item) && removed.some((other) => sameKey(item, other, mergeKey))))
}

const deleteFromList = (result: Map<string, unknown>, key: string, removed: unknown): void => {
  if (!isList(removed)) throw badRequest("invalid patch format of primitive list")
  const list = result.get(key)
  if (isList(list))
    result.set(
      key,
      list.filter((item) => !removed.includes(item))
    )
}

const setOrder = (
  result: Map<string, unknown>,
  source: JsonObject,
  patch: JsonObject,
  key: string,
  order: unknown,
  schema: Schema
): void => {
  if (!isList(order)) throw badRequest("invalid patch format of setElementOrder list")
  const merged = result.get(key)
  if (!isList(merged)) return
  const mergeKey = order.some(isObject) ? fieldOf(schema, key).patchMergeKey : undefined
  const changes = own(patch, key)
  if (isList(changes))
    checkSameOrder(
      changes.filter((item) => !hasDirective(item)),
      order,
      mergeKey
    )
  const previous = own(source, key)
  result.set(key, orderList(merged, order, isList(previous) ? previous : [], mergeKey))
}

/** Items of the patch must be in its `$setElementOrder`, in the same order. */
const checkSameOrder = (changes: ReadonlyArray<unknown>, order: ReadonlyArray<unknown>, mergeKey: string | undefined): void => {
  const keyOf = (item: unknown): string => String(isObject(item) && mergeKey !== undefined ? own(item, mergeKey) : item)
  const positions = changes.map((change) => order.findIndex((item) => keyOf(item) === keyOf(change)))
  if (positions.some((position, i) => position < 0 || position < (positions[i - 1] ?? 0))) {
    throw badRequest(
      `The order in patch list:\n${JSON.stringify(changes)}\n doesn't match $setElementOrder list:\n${JSON.stringify(order)}\n`
    )
  }
}

/** A value that is new: nothing to delete or merge with, so directives and nulls just go. */
const withoutDirectives = (value: unknown): unknown => {
  if (isList(value)) return value.filter((item) => directiveOf(item) === undefined).map(withoutDirectives)
  if (!isObject(value)) return value
  const entries = Object.entries(value).filter(([key, item]) => item !== null && !isDirective(key))
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutDirectives(item)]))
}

const isDirective = (key: string): boolean =>
  key === "$patch" || key === "$retainKeys" || key.startsWith(deletePrefix) || key.startsWith(orderPrefix)
