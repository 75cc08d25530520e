/** Selectors of devices: CEL expressions over what a driver tells of a device (KEP-4381). @module */
import { Environment } from "@marcbachmann/cel-js"
import type { Device, DeviceAttribute } from "@tsukube/api/resource-v1"
import { Amount, registerAmounts } from "./cel-amount.ts"
import { registerVersions, Version } from "./cel-version.ts"

/** True for a device that is meant; throws where the expression does not make sense of it. */
export type Selector = (device: Device, driver: string) => boolean

/** What an expression sees as `device`. */
class Seen {
  readonly driver: string
  readonly attributes: ReadonlyMap<string, unknown>
  readonly capacity: ReadonlyMap<string, unknown>
  readonly allowMultipleAllocations: boolean

  constructor(driver: string, device: Device) {
    this.driver = driver
    this.attributes = byDomain(driver, device.attributes, readAttribute)
    this.capacity = byDomain(driver, device.capacity, ({ value }) => new Amount(String(value)))
    this.allowMultipleAllocations = device.allowMultipleAllocations === true
  }
}

const readAttribute = ({ string, int, bool, version }: DeviceAttribute): unknown => {
  if (int !== undefined) return BigInt(int)
  return version === undefined ? (string ?? bool) : new Version(version)
}

/** Names without a domain belong to the driver's; a domain that nobody uses is an empty one, not an error. */
const byDomain = <T>(
  driver: string,
  all: Readonly<Record<string, T>> | undefined,
  read: (value: T) => unknown
): ReadonlyMap<string, unknown> => {
  const domains = new Map<string, Map<string, unknown>>()
  for (const [name, value] of Object.entries(all ?? {})) {
    const slash = name.indexOf("/")
    const domain = slash < 0 ? driver : name.slice(0, slash)
    const known = domains.get(domain) ?? new Map<string, unknown>()
    domains.set(domain, known.set(name.slice(slash + 1), read(value)))
  }
  const none = new Map<string, unknown>()
  // The library knows maps by their constructor, so this is no class of its own.
  domains.get = (domain) => Map.prototype.get.call(domains, domain) ?? none
  return domains
}

/** What the library hands to a macro. */
interface Syntax {
  readonly op: string
  readonly args: readonly [holder: Syntax, name: string]
}
interface Checker {
  readonly check: (part: Syntax, context: unknown) => unknown
  readonly getType: (name: string) => unknown
}
interface Evaluator {
  readonly run: (part: Syntax, context: unknown) => unknown
}

/** The library's own `has` takes no field of a map that was found by an index. */
const isThere = ({ args: [field] }: { readonly args: readonly [Syntax] }) => ({
  typeCheck: (checker: Checker, _: unknown, context: unknown) => {
    if (field.op !== ".") throw new Error("invalid argument to has() macro")
    checker.check(field.args[0], context)
    return checker.getType("bool")
  },
  evaluate: (evaluator: Evaluator, _: unknown, context: unknown) => {
    const [holder, name] = [evaluator.run(field.args[0], context), field.args[1]]
    return holder instanceof Map ? holder.has(name) : (holder as Readonly<Record<string, unknown>>)[name] !== undefined
  }
})

const environment = new Environment({ enableOptionalTypes: true, limits: { maxDepth: 100, maxAstNodes: 10_000 } })
registerAmounts(environment)
registerVersions(environment)
environment
  .registerType("Device", {
    ctor: Seen,
    fields: {
      driver: "string",
      attributes: "map<string, map<string, dyn>>",
      capacity: "map<string, map<string, Quantity>>",
      allowMultipleAllocations: "bool"
    }
  })
  .registerVariable("device", "Device")
  .registerFunction("isThere(ast): bool", isThere)

/** A literal text, or the word `has` before its bracket. */
const textOrHas = /[rRbB]?("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|(?<![\w.])has(?=\s*\()/g

const firstLine = (error: unknown): string => (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? ""

const compile = (expression: string): Selector => {
  const source = expression.replace(textOrHas, (match, text) => (text === undefined ? "isThere" : match))
  const checked = environment.check(source)
  if (!checked.valid) throw new Error(`CEL compile error: ${firstLine(checked.error)}`)
  if (checked.type !== "bool" && checked.type !== "dyn")
    throw new Error(`CEL compile error: must evaluate to bool or the unknown type, not ${checked.type}`)
  const run = environment.parse(source)
  return (device, driver) => {
    let answer: unknown
    try {
      answer = run({ device: seenOf(device, driver) })
    } catch (error) {
      throw new Error(`CEL runtime error: ${firstLine(error)}`)
    }
    if (typeof answer !== "boolean") throw new Error("CEL runtime error: the expression did not evaluate to bool")
    return answer
  }
}

/** Devices never change; a new state of one is another object. */
const seen = new WeakMap<Device, Seen>()

const seenOf = (device: Device, driver: string): Seen => {
  let known = seen.get(device)
  if (known === undefined) {
    known = new Seen(driver, device)
    seen.set(device, known)
  }
  return known
}

/** Answers by device: every pod of a set asks the same of the same devices. */
const remembering = (selector: Selector): Selector => {
  const answers = new WeakMap<Device, boolean>()
  return (device, driver) => {
    let answer = answers.get(device)
    if (answer === undefined) {
      answer = selector(device, driver)
      answers.set(device, answer)
    }
    return answer
  }
}

const compiled = new Map<string, Selector>()
const compiledLimit = 1000

/** The selector of an expression; throws with what is wrong with it. */
export const selectorOf = (expression: string): Selector => {
  let selector = compiled.get(expression)
  if (selector === undefined) {
    if (compiled.size >= compiledLimit) compiled.clear()
    selector = remembering(compile(expression))
    compiled.set(expression, selector)
  }
  return selector
}
