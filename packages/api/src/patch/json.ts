/** JSON Patch, RFC 6902, with the refusals of the API server. @module */
import { equalJson, isList, isObject, type JsonObject } from "../json.ts"
import { badRequest, tooLarge, unprocessable } from "../status.ts"

/** One step of a JSON patch. */
export interface JsonPatchOperation {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test"
  readonly path: string
  readonly from?: string
  readonly value?: unknown
}

const maxOperations = 10_000

/**
 * Applies a JSON patch and returns the new document; the old one is untouched.
 * Throws `StatusError`: 400 when `operations` is no patch, 413 for too many, 422 when a step cannot be done or a `test` fails.
 */
export const applyJsonPatch = (document: unknown, operations: unknown): unknown => {
  const checked = operationsOf(operations)
  if (checked.length > maxOperations) {
    throw tooLarge(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${checked.length}`)
  }
  let result = document
  for (const operation of checked) result = applyOperation(result, operation)
  return result
}

const operationsOf = (operations: unknown): ReadonlyArray<JsonPatchOperation> => {
  if (!isList(operations)) {
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${isObject(operations) ? "object" : typeof operations} into Go value of type []handlers.jsonPatchOp`
    )
  }
  return operations.map((operation) => {
    if (!isObject(operation)) throw badRequest("json: cannot unmarshal into Go value of type jsonpatch.Operation")
    return operation as unknown as JsonPatchOperation
  })
}

const applyOperation = (document: unknown, { op, path, from, value }: JsonPatchOperation): unknown => {
  switch (op) {
    case "add":
      return edit(document, pointerOf(path), "add", value ?? null)
    case "remove":
      return edit(document, pointerOf(path), "remove", undefined)
    case "replace":
      return edit(document, pointerOf(path), "replace", value ?? null)
    case "copy":
      return edit(document, pointerOf(path), "add", readOrNull(document, pointerOf(from)))
    case "move": {
      const moved = read(document, pointerOf(from))
      return edit(edit(document, pointerOf(from), "remove", undefined), pointerOf(path), "add", moved)
    }
    case "test":
      // What is not there counts as null, as upstream's library has it.
      if (!equalJson(readOrNull(document, pointerOf(path)), value ?? null)) throw unprocessable()
      return document
    default:
      throw unprocessable()
  }
}

const pointerOf = (path: unknown): ReadonlyArray<string> => {
  if (typeof path !== "string" || (path !== "" && !path.startsWith("/"))) throw unprocessable()
  return path
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"))
}

const read = (document: unknown, pointer: ReadonlyArray<string>): unknown => {
  let value = document
  for (const token of pointer) {
    if (isList(value)) value = value[indexOf(token, value.length - 1)]
    else if (isObject(value) && Object.hasOwn(value, token)) value = value[token]
    else throw unprocessable()
  }
  return value
}

const readOrNull = (document: unknown, pointer: ReadonlyArray<string>): unknown => {
  const parent = read(document, pointer.slice(0, -1))
  const last = pointer.at(-1)
  if (last === undefined) return parent
  return isObject(parent) && !Object.hasOwn(parent, last) ? null : read(parent, [last])
}

type Edit = "add" | "remove" | "replace"

/** Copies what lies on the way to the place, and changes it there. */
const edit = (document: unknown, pointer: ReadonlyArray<string>, kind: Edit, value: unknown): unknown => {
  const [token, ...rest] = pointer
  if (token === undefined) return kind === "remove" ? null : value
  if (isList(document)) return editList(document, token, rest, kind, value)
  if (isObject(document)) return editObject(document, token, rest, kind, value)
  throw unprocessable()
}

const editList = (
  list: ReadonlyArray<unknown>,
  token: string,
  rest: ReadonlyArray<string>,
  kind: Edit,
  value: unknown
): unknown => {
  const adding = kind === "add" && rest.length === 0
  const index = adding && token === "-" ? list.length : indexOf(token, adding ? list.length : list.length - 1)
  if (adding) return list.toSpliced(index, 0, value)
  if (kind === "remove" && rest.length === 0) return list.toSpliced(index, 1)
  return list.with(index, edit(list[index], rest, kind, value))
}

const editObject = (object: JsonObject, token: string, rest: ReadonlyArray<string>, kind: Edit, value: unknown): unknown => {
  // Upstream's library replaces what an object does not have, against the RFC.
  const adding = kind !== "remove" && rest.length === 0
  if (!adding && !Object.hasOwn(object, token)) throw unprocessable()
  if (kind === "remove" && rest.length === 0) {
    const { [token]: _, ...others } = object
    return others
  }
  return { ...object, [token]: adding ? value : edit(object[token], rest, kind, value) }
}

/** An index may count from the end: `-1` is the last place. */
const indexOf = (token: string, max: number): number => {
  if (!/^-?(0|[1-9]\d*)$/.test(token)) throw unprocessable()
  const index = Number(token) < 0 ? Number(token) + max + 1 : Number(token)
  if (index < 0 || index > max) throw unprocessable()
  return index
}
