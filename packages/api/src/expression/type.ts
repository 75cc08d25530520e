/** Types of expressions (CEL). @module */

/** A type, by its name and those of its parts. */
export interface Type {
  readonly name: string
  readonly parts: ReadonlyArray<Type>
}

const make = (name: string, ...parts: ReadonlyArray<Type>): Type => ({ name, parts })

/** Anything, as the language says it: known only when an expression is used. */
export const dyn: Type = make("dyn")
/** What is not worked out here; nothing is complained of that has it. */
export const unknown: Type = make("?")
export const bool: Type = make("bool")
export const listOf = (item: Type): Type => make("list", item)
export const mapOf = (key: Type, value: Type): Type => make("map", key, value)
export const optionalOf = (value: Type): Type => make("optional_type", value)
/** A type without parts. */
export const plain = (name: string): Type => make(name)

/** Reads `map(string, list(int))`. A part of one capital letter stands for any type. */
export const readType = (text: string): Type => {
  const words = text.match(/[\w.?]+|[(),]/g) ?? []
  let next = 0
  const read = (): Type => {
    const name = words[next++] ?? "?"
    const parts: Array<Type> = []
    if (words[next] === "(") {
      do {
        next++
        parts.push(read())
      } while (words[next] === ",")
      next++
    }
    return /^[A-Z]$/.test(name) ? unknown : make(name, ...parts)
  }
  return read()
}

/** As messages print it. */
export const typeText = ({ name, parts }: Type): string =>
  parts.length === 0 ? name : `${name}(${parts.map(typeText).join(", ")})`

/** Nothing in it is left open by us. */
export const isKnown = (type: Type): boolean => type.name !== unknown.name && type.parts.every(isKnown)

/** May be anything. */
export const isOpen = ({ name }: Type): boolean => name === dyn.name || name === unknown.name

/** A number, a truth, a text: a type that nothing but itself fits to. */
export const isPrimitive = ({ name }: Type): boolean => ["bool", "int", "uint", "double", "string", "bytes"].includes(name)

/** Both can be of the same type, as far as is known. */
export const fits = (a: Type, b: Type): boolean => {
  if (isOpen(a) || isOpen(b)) return true
  if (a.name === "null_type" || b.name === "null_type") return a.name === b.name || !(isPrimitive(a) || isPrimitive(b))
  return a.name === b.name && a.parts.every((part, i) => fits(part, b.parts[i] ?? unknown))
}
