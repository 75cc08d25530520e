/** Holds an applied object to its schema before it is merged, in the words of upstream's typed conversion. @module */
import { isList, isObject } from "../json.ts"
import { fieldShape } from "./compare.ts"
import { elementOf, itemProblem } from "./list-item.ts"
import { describeElement } from "./path-element.ts"
import type { Shape } from "./shape.ts"
import { anyShape } from "./shape.ts"

/** What is wrong with an object, one sentence with its path each: unknown fields, wrong types, items without keys or there twice. */
export const typeErrors = (object: unknown, shape: Shape): ReadonlyArray<string> => {
  const errors: Array<string> = []
  check(object, shape, "", errors)
  return errors
}

/** The sentences as one text. */
export const joinErrors = (errors: ReadonlyArray<string>): string =>
  errors.length === 1 ? (errors[0] ?? "") : ["errors:", ...errors.map((error) => `  ${error}`)].join("\n")

const check = (value: unknown, shape: Shape, path: string, errors: Array<string>): void => {
  if (value === null || value === undefined || shape.kind === "any") return
  if (shape.kind === "scalar") {
    const problem = scalarProblem(value, shape)
    if (problem !== undefined) errors.push(at(path, problem))
  } else if (shape.kind === "list") {
    if (isList(value)) checkItems(value, shape, path, errors)
    else errors.push(at(path, `expected list, got ${printed(value)}`))
  } else if (isObject(value)) checkFields(value, shape, path, errors)
  else errors.push(at(path, `expected map, got ${printed(value)}`))
}

const checkFields = (object: Readonly<Record<string, unknown>>, shape: Shape, path: string, errors: Array<string>): void => {
  for (const key in object) {
    if (shape.element === undefined && !shape.fields.has(key)) {
      errors.push(at(`${path}.${key}`, "field not declared in schema"))
      return
    }
    check(object[key], fieldShape(shape, key), `${path}.${key}`, errors)
  }
}

const checkItems = (list: ReadonlyArray<unknown>, shape: Shape, path: string, errors: Array<string>): void => {
  const seen = new Set<string>()
  for (const [index, item] of list.entries()) {
    let step = `[${index}]`
    if (!shape.atomic) {
      const element = elementOf(item, shape)
      if (element === undefined) {
        errors.push(at(path, `element ${index}: ${itemProblem(item, shape)}`))
        return
      }
      step = describeElement(element)
      if (seen.has(element)) errors.push(at(path, `duplicate entries for key ${step}`))
      seen.add(element)
    }
    check(item, shape.element ?? anyShape, path + step, errors)
  }
}

const at = (path: string, problem: string): string => (path === "" ? problem : `${path}: ${problem}`)

const scalarProblem = (value: unknown, { scalar }: Shape): string | undefined => {
  if (scalar === "string") {
    return typeof value === "string" ? undefined : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`
  }
  if (scalar === "numeric") return typeof value === "number" ? undefined : `expected numeric (int or float), got ${goType(value)}`
  if (scalar === "boolean") return typeof value === "boolean" ? undefined : `expected boolean, got ${printed(value)}`
  return typeof value === "object" ? `expected any scalar, got ${printed(value)}` : undefined
}

const goType = (value: unknown): string => {
  if (isList(value)) return "[]interface {}"
  if (typeof value === "boolean") return "bool"
  return typeof value === "string" ? "string" : "map[string]interface {}"
}

const printed = (value: unknown): string => `&{${goText(value)}}`

/** A value as Go prints it. */
const goText = (value: unknown): string => {
  if (value === null) return "<nil>"
  if (isList(value)) return `[${value.map(goText).join(" ")}]`
  if (!isObject(value)) return String(value)
  return `map[${Object.keys(value)
    .sort()
    .map((key) => `${key}:${goText(value[key])}`)
    .join(" ")}]`
}

/** A value as Go writes it in its own syntax. */
const goSyntax = (value: unknown): string => {
  if (value === null) return "interface {}(nil)"
  if (isList(value)) return `[]interface {}{${value.map(goSyntax).join(", ")}}`
  if (!isObject(value)) return typeof value === "string" ? JSON.stringify(value) : String(value)
  return `map[string]interface {}{${Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${goSyntax(value[key])}`)
    .join(", ")}}`
}
