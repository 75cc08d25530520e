/** One object as the server holds it: the text that clients get, and the same parsed when somebody looks inside. @module */
import { type KubernetesObject, type Resource, restTextOf } from "@tsukube/api"

const root = "/registry/"

/** Folder of a resource's objects in the store, with a slash at the end. */
export const folderOf = (resource: Pick<Resource, "group" | "plural">): string =>
  `${root}${resource.group === "" ? "core" : resource.group}/${resource.plural}/`

/** Key of one object; cluster-scoped ones have no namespace segment. */
export const keyOf = (resource: Pick<Resource, "group" | "plural">, namespace: string, name: string): string =>
  namespace === "" ? folderOf(resource) + name : `${folderOf(resource)}${namespace}/${name}`

/** The folder a key lies in: its first three segments. `undefined` for keys that are no object's. */
export const folderOfKey = (key: string): string | undefined => {
  if (!key.startsWith(root)) return undefined
  const group = key.indexOf("/", root.length)
  const resource = group < 0 ? -1 : key.indexOf("/", group + 1)
  return resource < 0 ? undefined : key.slice(0, resource + 1)
}

const metadataMark = '"metadata":{'
const revisionMark = '"resourceVersion":"'

/**
 * The same text, joined from its parts at once, which reading a letter does. Left in parts, thousands of texts that stay would
 * give the garbage collector several times as much to look at.
 */
const joined = (text: string): string => (text.charCodeAt(text.length - 1) === 0 ? text.slice(0) : text)

/** Puts the revision in as metadata's first field; the stored text never has one, so nothing has to be parsed. */
export const withRevision = (stored: string, revision: bigint): string => {
  const at = stored.indexOf(metadataMark) + metadataMark.length
  const comma = stored[at] === "}" ? "" : ","
  return `${stored.slice(0, at)}${revisionMark}${revision}"${comma}${stored.slice(at)}`
}

/** The same text under another revision: what a DELETED event shows. */
const atRevision = (text: string, revision: bigint): string => {
  const at = text.indexOf(metadataMark) + metadataMark.length + revisionMark.length
  return text.slice(0, at) + revision + text.slice(text.indexOf('"', at))
}

/** The stored text of an object: kind, apiVersion and metadata first, no resourceVersion. */
export const storedText = (object: KubernetesObject): string => {
  const { kind, apiVersion, metadata } = object
  const { resourceVersion: _, managedFields, ...kept } = metadata ?? {}
  const type = JSON.stringify({ kind, apiVersion }).slice(0, -1)
  const entries = managedFields === undefined ? "" : `"managedFields":[${managedFields.map(entryText).join(",")}]`
  const others = JSON.stringify(kept).slice(0, -1)
  const comma = entries === "" || others === "{" ? "" : ","
  return `${type},"metadata":${others}${comma}${entries}}${restTextOf(object).slice(type.length)}`
}

type Entry = NonNullable<NonNullable<KubernetesObject["metadata"]>["managedFields"]>[number]

/** Objects made after one pattern share their fields, and those are half of their text. */
const fieldsTexts = new WeakMap<object, string>()

const entryText = (entry: Entry): string => {
  const { fieldsV1, subresource, ...named } = entry
  if (fieldsV1 === undefined) return JSON.stringify(entry)
  const known = fieldsTexts.get(fieldsV1)
  const text = known ?? JSON.stringify(fieldsV1)
  if (known === undefined) fieldsTexts.set(fieldsV1, text)
  const last = subresource === undefined ? "" : `,"subresource":${JSON.stringify(subresource)}`
  return `${JSON.stringify(named).slice(0, -1)},"fieldsV1":${text}${last}}`
}

/** An object at a revision. Shared by every reader: never mutate `object`. */
export class StoredObject {
  readonly key: string
  readonly revision: bigint
  readonly createRevision: bigint
  /** What clients get, resourceVersion included. */
  readonly text: string
  #object: KubernetesObject | undefined

  constructor(key: string, text: string, revision: bigint, createRevision: bigint) {
    this.key = key
    this.text = text
    this.revision = revision
    this.createRevision = createRevision
  }

  static read(key: string, stored: string, revision: bigint, createRevision: bigint): StoredObject {
    return new StoredObject(key, withRevision(stored, revision), revision, createRevision)
  }

  /** The same for one that stays. */
  static keep(key: string, stored: string, revision: bigint, createRevision: bigint): StoredObject {
    return new StoredObject(key, joined(withRevision(stored, revision)), revision, createRevision)
  }

  /** Parsed on first use. */
  get object(): KubernetesObject {
    this.#object ??= JSON.parse(this.text) as KubernetesObject
    return this.#object
  }

  /** The same content under a later revision. */
  at(revision: bigint): StoredObject {
    return new StoredObject(this.key, atRevision(this.text, revision), revision, this.createRevision)
  }
}
