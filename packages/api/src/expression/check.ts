/** Checks what expressions (CEL) speak of, and works out the types of what they give. @module */
import { fieldsOf, type Overload, overloadsOf, typeNames } from "./declared.ts"
import { dottedName, type Node } from "./parse.ts"
import type { Complaint } from "./token.ts"
import {
  bool,
  dyn,
  fits,
  isKnown,
  isOpen,
  isPrimitive,
  listOf,
  mapOf,
  optionalOf,
  plain,
  type Type,
  typeText,
  unknown
} from "./type.ts"

/** What an expression may speak of. */
export interface Scope {
  /** Names and their types. */
  readonly names: Readonly<Record<string, Type>>
  /** What `variables` has, if there is such a thing. */
  readonly variables?: Readonly<Record<string, Type>>
  /** Messages may be made whose names start so. */
  readonly messages?: ReadonlyArray<string>
  /** `cel.bind` may be used. */
  readonly binds?: true
}

const variablesType = plain("kubernetes.variables")
const int = plain("int")
const orders = new Set(["<", "<=", ">", ">="])
const numbers = new Set(["int", "uint", "double"])
/** What each sign does with two operands of one type. */
const arithmetic: Readonly<Record<string, ReadonlySet<string>>> = {
  "+": new Set(["int", "uint", "double", "string", "bytes", "list"]),
  "-": numbers,
  "*": numbers,
  "/": numbers,
  "%": new Set(["int", "uint"])
}
/** Macros over collections: how many arguments each takes, with one name and with two. */
const macros: Readonly<Record<string, readonly [one: ReadonlyArray<number>, two: ReadonlyArray<number>]>> = {
  all: [[2], [3]],
  exists: [[2], [3]],
  existsOne: [[2], [3]],
  exists_one: [[2], [3]],
  map: [[2, 3], []],
  filter: [[2], []],
  sortBy: [[2], []],
  transformList: [[], [3, 4]],
  transformMap: [[], [3, 4]],
  transformMapEntry: [[], [3, 4]],
  optMap: [[2], []],
  optFlatMap: [[2], []]
}

type Call = Node & { readonly op: "call" }
const isConcrete = (type: Type): boolean => isPrimitive(type) || type.name === "list" || type.name === "map"
/** Messages call the type of `null` by its value when it is an argument. */
const argumentText = (type: Type): string => (type.name === "null_type" ? "null" : typeText(type))

class Checker {
  readonly complaints: Array<Complaint> = []
  readonly scope: Scope
  /** Above zero in what is to be formatted: that need not be alike. */
  formatting = 0

  constructor(scope: Scope) {
    this.scope = scope
  }

  complain(at: number, message: string): Type {
    this.complaints.push({ at, message })
    return unknown
  }

  undeclared(at: number, name: string): Type {
    return this.complain(at, `undeclared reference to '${name}' (in container '')`)
  }

  /** A complaint of a call, unless something in it is open: then another way to call it may be meant. */
  mismatch(at: number, name: string, args: ReadonlyArray<Type>, on?: Type): Type {
    if (![...args, ...(on === undefined ? [] : [on])].every(isKnown)) return unknown
    const list = `(${args.map(argumentText).join(", ")})`
    return this.complain(
      at,
      `found no matching overload for '${name}' applied to '${on === undefined ? list : `${argumentText(on)}.${list}`}'`
    )
  }

  check(node: Node, own: Readonly<Record<string, Type>> = {}): Type {
    switch (node.op) {
      case "literal":
        return plain(node.type)
      case "name":
        return this.named(node.at, node.name, own)
      case "field":
        return this.field(node, own)
      case "index":
        return this.index(node, own)
      case "call":
        return node.on === undefined ? this.call(node, own) : this.member(node, node.on, own)
      case "list":
        return listOf(this.alike(node.items, own))
      case "map":
        return mapOf(
          this.alike(
            node.entries.map(([key]) => key),
            own
          ),
          this.alike(
            node.entries.map(([, value]) => value),
            own
          )
        )
      case "message":
        return this.message(node, own)
      case "unary":
        return this.unary(node, own)
      case "binary":
        return this.binary(node, own)
      case "choice":
        return this.choice(node, own)
    }
  }

  named(at: number, name: string, own: Readonly<Record<string, Type>>): Type {
    if (Object.hasOwn(own, name)) return own[name]!
    if (Object.hasOwn(this.scope.names, name)) return this.scope.names[name]!
    if (name === "variables" && this.scope.variables !== undefined) return variablesType
    return typeNames.has(name) ? unknown : this.undeclared(at, name)
  }

  field(node: Node & { readonly op: "field" }, own: Readonly<Record<string, Type>>): Type {
    const dotted = dottedName(node)
    if (dotted !== undefined && typeNames.has(dotted)) return unknown
    const whole = this.check(node.of, own)
    const of = whole.name === "optional_type" ? (whole.parts[0] ?? unknown) : whole
    const type = this.fieldType(of, node)
    return node.optional || whole !== of ? optionalOf(type.name === "optional_type" ? (type.parts[0] ?? unknown) : type) : type
  }

  fieldType(of: Type, { at, name }: { readonly at: number; readonly name: string }): Type {
    if (isOpen(of)) return of
    if (of.name === "map") return of.parts[1] ?? unknown
    const fields = of === variablesType ? this.scope.variables : fieldsOf[of.name]
    if (fields !== undefined) return Object.hasOwn(fields, name) ? fields[name]! : this.complain(at, `undefined field '${name}'`)
    if (isPrimitive(of) || of.name === "list")
      return isKnown(of) ? this.complain(at, `type '${typeText(of)}' does not support field selection`) : unknown
    return unknown
  }

  index({ of, index, optional }: Node & { readonly op: "index" }, own: Readonly<Record<string, Type>>): Type {
    const whole = this.check(of, own)
    this.check(index, own)
    const isOptional = whole.name === "optional_type"
    const from = isOptional ? (whole.parts[0] ?? unknown) : whole
    const type =
      from.name === "dyn" ? dyn : from.name === "list" || from.name === "map" ? (from.parts.at(-1) ?? unknown) : unknown
    return optional || isOptional ? optionalOf(type) : type
  }

  /** Items of a list, keys or values of a map: of one type. */
  alike(nodes: ReadonlyArray<Node>, own: Readonly<Record<string, Type>>): Type {
    const types = nodes.map((node) => this.check(node, own))
    const [first = unknown] = types
    if (!isPrimitive(first)) return types.every((type) => typeText(type) === typeText(first)) ? first : unknown
    for (const [i, type] of types.entries())
      if (isPrimitive(type) && type.name !== first.name && this.formatting === 0)
        this.complain(nodes[i]!.at, `expected type '${typeText(first)}' but found '${typeText(type)}'`)
    return types.every((type) => type.name === first.name) ? first : unknown
  }

  message({ at, name, values }: Node & { readonly op: "message" }, own: Readonly<Record<string, Type>>): Type {
    for (const value of values) this.check(value, own)
    const isKnownName = this.scope.messages?.some((start) => name === start || name.startsWith(`${start}.`)) === true
    return isKnownName ? plain(name) : name.startsWith("google.") ? unknown : this.undeclared(at, name)
  }

  unary({ at, sign, of }: Node & { readonly op: "unary" }, own: Readonly<Record<string, Type>>): Type {
    const type = this.check(of, own)
    if (sign === "!") {
      if (isConcrete(type) && type.name !== "bool") this.mismatch(at, "!_", [type])
      return bool
    }
    if (isConcrete(type) && type.name !== "int" && type.name !== "double") return this.mismatch(at, "-_", [type])
    return type
  }

  binary({ at, sign, left: a, right: b }: Node & { readonly op: "binary" }, own: Readonly<Record<string, Type>>): Type {
    const left = this.check(a, own)
    const right = this.check(b, own)
    const name = sign === "in" ? "@in" : `_${sign}_`
    if (sign === "&&" || sign === "||") {
      this.mustBeBool(a, left)
      this.mustBeBool(b, right)
      return bool
    }
    const allowed = arithmetic[sign]
    if (allowed !== undefined) {
      if (!isConcrete(left) || !isConcrete(right)) return unknown
      return allowed.has(left.name) && fits(left, right) ? left : this.mismatch(at, name, [left, right])
    }
    const areNumbers = numbers.has(left.name) && numbers.has(right.name)
    if (
      orders.has(sign)
        ? !areNumbers && isPrimitive(left) && isPrimitive(right) && left.name !== right.name
        : sign !== "in" && !this.canEqual(left, right)
    )
      this.mismatch(at, name, [left, right])
    else if (sign === "in" && isPrimitive(right)) this.mismatch(at, name, [left, right])
    return bool
  }

  canEqual(left: Type, right: Type): boolean {
    return !(isPrimitive(left) || isPrimitive(right)) || fits(left, right)
  }

  mustBeBool({ at }: Node, type: Type): void {
    if (isConcrete(type) && isKnown(type) && type.name !== "bool")
      this.complain(at, `expected type 'bool' but found '${typeText(type)}'`)
  }

  choice({ at, condition, then, otherwise }: Node & { readonly op: "choice" }, own: Readonly<Record<string, Type>>): Type {
    const types = [condition, then, otherwise].map((part) => this.check(part, own))
    const [asked, yes, no] = types as [Type, Type, Type]
    if ((isConcrete(asked) && asked.name !== "bool") || (isPrimitive(yes) && isPrimitive(no) && yes.name !== no.name))
      return this.mismatch(at, "_?_:_", types)
    return typeText(yes) === typeText(no) ? yes : unknown
  }

  call(node: Call, own: Readonly<Record<string, Type>>): Type {
    const { at, name, args } = node
    const [first] = args
    if (name === "has" && args.length === 1 && first !== undefined) {
      if (first.op !== "field") this.complain(first.at, "invalid argument to has() macro")
      else this.check(first, own)
      return bool
    }
    return this.result(
      at,
      name,
      args.map((arg) => this.check(arg, own))
    )
  }

  member(node: Call, on: Node, own: Readonly<Record<string, Type>>): Type {
    const { at, name, args } = node
    const space = dottedName(on)
    if (space === "cel" && name === "bind" && args.length === 3 && this.scope.binds === true)
      return this.check(args[2]!, { ...own, ...namesOf([args[0]!], [this.check(args[1]!, own)]) })
    if (space !== undefined && overloadsOf(`${space}.${name}`).length > 0)
      return this.result(
        at,
        `${space}.${name}`,
        args.map((arg) => this.check(arg, own))
      )
    const macro = Object.hasOwn(macros, name) ? macros[name] : undefined
    const two = macro?.[1].includes(args.length) === true
    if (two || macro?.[0].includes(args.length) === true) return this.macro(node, on, two ? 2 : 1, own)
    const target = this.check(on, own)
    if (name === "format") this.formatting++
    const types = args.map((arg) => this.check(arg, own))
    if (name === "format") this.formatting--
    return this.result(at, name, types, target)
  }

  result(at: number, name: string, args: ReadonlyArray<Type>, on?: Type): Type {
    const overloads = overloadsOf(name)
    if (overloads.length === 0) return this.undeclared(at, name)
    const takes = (overload: Overload): boolean =>
      overload.args.length === args.length &&
      (on === undefined) === (overload.on === undefined) &&
      (on === undefined || fits(on, overload.on!)) &&
      overload.args.every((type, i) => fits(type, args[i]!))
    const matching = overloads.filter(takes)
    if (matching.length === 0) return this.mismatch(at, name, args, on)
    const [{ result }, ...others] = matching as [Overload, ...Array<Overload>]
    return others.every((other) => typeText(other.result) === typeText(result)) ? result : unknown
  }

  /** A macro over what a collection has, with names of its own for that. */
  macro({ name, args }: Call, on: Node, count: 1 | 2, own: Readonly<Record<string, Type>>): Type {
    const range = this.check(on, own)
    if (isPrimitive(range))
      return this.complain(
        on.at,
        `expression of type '${typeText(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`
      )
    const names = args.slice(0, count)
    for (const { op, at } of names) if (op !== "name") return this.complain(at, "argument must be a simple name")
    const inner = { ...own, ...namesOf(names, givenBy(range, count)) }
    const bodies = args.slice(count)
    const types = bodies.map((body) => this.check(body, inner))
    if (name === "all" || name === "exists") {
      this.mustBeBool(bodies[0]!, types[0]!)
      return bool
    }
    if (name === "existsOne" || name === "exists_one") return bool
    if (name === "filter") return range.name === "list" ? range : unknown
    if (name === "map" || name === "transformList") return listOf(types.at(-1) ?? unknown)
    return unknown
  }
}

const namesOf = (names: ReadonlyArray<Node>, types: ReadonlyArray<Type>): Readonly<Record<string, Type>> =>
  Object.fromEntries(names.flatMap((node, i) => (node.op === "name" ? [[node.name, types[i] ?? unknown]] : [])))

/** The types of a collection's parts: an item or a key alone, or with where it stands or what stands there. */
const givenBy = ({ name, parts }: Type, count: 1 | 2): ReadonlyArray<Type> => {
  if (name === "dyn") return [dyn, dyn]
  if (name === "list") return count === 1 ? parts : [int, ...parts]
  return name === "map" || name === "optional_type" ? parts : []
}

/** What is wrong with a tree, and the type of what it gives. */
export const checkNode = (node: Node, scope: Scope): { readonly type: Type; readonly complaints: ReadonlyArray<Complaint> } => {
  const checker = new Checker(scope)
  const type = checker.check(node)
  return { type, complaints: checker.complaints.toSorted((a, b) => a.at - b.at) }
}
