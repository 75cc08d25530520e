/** What the messages look like that Kubernetes' kinds are written as, read from their table when first needed. @module */
import { hasDefinition, schemaOf } from "@tsukube/api"
import { messageTexts } from "./messages.ts"

/** A field of a message. */
export interface MessageField {
  readonly name: string
  /** `string`, `bytes`, `bool`, a number type, or a message's name. */
  readonly type: string
  readonly repeated: boolean
  readonly map: boolean
  /** Zero, false and "" are values and not just nothing. */
  readonly zeroIsValue: boolean
  /** Its own fields stand in the parent's JSON. */
  readonly inline: boolean
}

/** Fields by number. */
export type Message = ReadonlyMap<number, MessageField>

const parsed = new Map<string, Message>()

/** The message of that name; `undefined` when it is not known. */
export const messageOf = (name: string): Message | undefined => {
  const known = parsed.get(name)
  if (known !== undefined) return known
  const text = messageTexts[name]
  if (text === undefined) return undefined
  const definition = definitionOf(name)
  const properties = hasDefinition(definition) ? schemaOf(definition).properties : undefined
  const fields = text === "" ? [] : text.split(";").map((field) => readField(field, properties))
  const message = new Map(fields)
  parsed.set(name, message)
  return message
}

/** The message that objects of a definition are written as. */
export const messageNameOf = (definition: string): string => definition.replace(/^io\.k8s/, "k8s.io")

const definitionOf = (message: string): string => message.replace(/^k8s\.io/, "io.k8s")

const readField = (
  text: string,
  properties: Readonly<Record<string, unknown>> | undefined
): readonly [number: number, field: MessageField] => {
  const [written = "", number = "", type = "", flags = ""] = text.split(" ")
  const name = nameInJson(written, properties)
  return [
    Number(number),
    {
      name,
      type,
      repeated: flags.includes("r"),
      map: flags.includes("m"),
      zeroIsValue: flags.includes("z"),
      // Go's embedded structs are fields on the wire but not in JSON.
      inline: type.includes(".") && properties !== undefined && !Object.hasOwn(properties, name)
    }
  ]
}

/** Some messages write a name otherwise than JSON does (`Webhooks`, `uID`). */
const nameInJson = (name: string, properties: Readonly<Record<string, unknown>> | undefined): string => {
  if (properties === undefined || Object.hasOwn(properties, name)) return name
  const lower = name.toLowerCase()
  return Object.keys(properties).find((property) => property.toLowerCase() === lower) ?? name
}
