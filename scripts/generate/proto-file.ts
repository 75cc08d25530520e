/** Reads the messages of a published `.proto` file: names, types and numbers of their fields. @module */

/** A field of a message. */
export interface Field {
  readonly type: string
  readonly id: number
  readonly rule?: string
  readonly keyType?: string
}

const field = /^\s*(optional|repeated)\s+(\S+)\s+(\w+)\s*=\s*(\d+);/
const map = /^\s*map<(\w+),\s*(\S+)>\s+(\w+)\s*=\s*(\d+);/

/** Messages by name, their fields by name. Messages in messages are not read: Kubernetes has none. */
export const readProto = (text: string): ReadonlyMap<string, Readonly<Record<string, Field>>> => {
  const messages = new Map<string, Record<string, Field>>()
  let fields: Record<string, Field> = {}
  for (const line of text.split("\n")) {
    const opened = /^message (\w+) \{/.exec(line)?.[1]
    if (opened !== undefined) {
      fields = {}
      messages.set(opened, fields)
    }
    const [, rule, type, name, id] = field.exec(line) ?? []
    if (name !== undefined && type !== undefined)
      fields[name] = { type, id: Number(id), ...(rule === "repeated" ? { rule } : {}) }
    const [, keyType, valueType, mapName, mapId] = map.exec(line) ?? []
    if (keyType !== undefined && valueType !== undefined && mapName !== undefined)
      fields[mapName] = { type: valueType, id: Number(mapId), keyType }
  }
  return messages
}
