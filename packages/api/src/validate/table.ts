/** The form of the tables in the tests of validation: objects, and what is said of them. @module */
import { expect, test } from "bun:test"
import { findByKind } from "../catalog.ts"
import { applyDefaults } from "../defaults/apply.ts"
import { formatFieldError } from "../field-error.ts"
import { isObject, type JsonObject } from "../json.ts"
import type { KubernetesObject, Resource } from "../resource.ts"
import { checkStructure } from "../structural.ts"
import { type Upstream, upstreamFrom } from "./upstream.ts"
import { validateCreate, validateUpdate } from "./validate.ts"

/** Changes to the good object by dotted path, an index in brackets: `{ "spec.replicas": -1 }`; `undefined` takes a field away. */
export type Changes = Readonly<Record<string, unknown>>

/** Changes, and what is then said of the object: `field: Reason: message`, or the beginning of it when it ends in `…`. */
export type Row = readonly [changes: Changes, ...says: ReadonlyArray<string>]

/** What a kind's table says. */
export interface KindTable {
  /** The least that is accepted. */
  readonly minimal: JsonObject
  /** The minimal object as it is stored: the same but for these, by dotted path. */
  readonly defaults?: Changes
  /** As much as is accepted at once. */
  readonly maximal?: JsonObject
  /** What is refused, of the minimal object with changes. */
  readonly bad?: ReadonlyArray<Row>
  /** What is refused when the maximal object (the minimal one without it) is changed. */
  readonly frozen?: ReadonlyArray<Row>
}

const upstream = upstreamFrom(process.env)

/** Tests the kind by its table; `kind` is written `apps/v1/Deployment`. */
export const table = (kind: string, rows: KindTable): void => {
  const { minimal, defaults = {}, maximal, bad = [], frozen = [] } = rows
  const resource = resourceOf(kind)
  if (upstream !== undefined) askUpstream(upstream, kind, resource, rows)
  test(`${kind}: the least there may be`, () => {
    const read = load(resource, minimal)
    expect(say(validateCreate(read, resource))).toEqual([])
    for (const [path, value] of Object.entries(defaults)) expect([path, valueAt(read, path)]).toEqual([path, value])
    expect(applyDefaults(read)).toEqual(read)
  })
  if (maximal !== undefined) {
    test(`${kind}: much at once`, () => {
      const read = load(resource, maximal)
      expect(say(validateCreate(read, resource))).toEqual([])
      expect(say(validateUpdate(read, read, resource))).toEqual([])
      expect(read).toMatchObject(named(resource, maximal))
      expect(checkStructure(read, resource.schema).pruned).toEqual(read as JsonObject)
    })
  }
  for (const [changes, ...says] of bad) {
    test(`${kind}: not with ${JSON.stringify(changes)}`, () => {
      expectSaid(say(validateCreate(load(resource, changed(named(resource, minimal), changes)), resource)), says)
    })
  }
  for (const [changes, ...says] of frozen) {
    test(`${kind}: may not change to ${JSON.stringify(changes)}`, () => {
      const base = named(resource, maximal ?? minimal)
      expectSaid(say(validateUpdate(load(resource, changed(base, changes)), load(resource, base), resource)), says)
    })
  }
}

/** The same table, answered by a real server. */
const askUpstream = (server: Upstream, kind: string, resource: Resource<unknown>, rows: KindTable): void => {
  const { minimal, maximal, bad = [], frozen = [] } = rows
  const good = maximal === undefined ? [minimal] : [minimal, maximal]
  for (const object of good)
    test(`upstream, ${kind}: accepts`, async () => expectSaid(await server.ofNew(resource, named(resource, object)), []))
  for (const [changes, ...says] of bad)
    test(`upstream, ${kind}: not with ${JSON.stringify(changes)}`, async () =>
      expectSaid(await server.ofNew(resource, changed(named(resource, minimal), changes)), says))
  for (const [changes, ...says] of frozen)
    test(`upstream, ${kind}: may not change to ${JSON.stringify(changes)}`, async () => {
      const base = named(resource, maximal ?? minimal)
      expectSaid(await server.ofChange(resource, base, (made) => changed(made, changes)), says)
    })
}

const say = (errors: ReturnType<typeof validateCreate>): ReadonlyArray<string> => errors.map(formatFieldError)

const expectSaid = (said: ReadonlyArray<string>, says: ReadonlyArray<string>): void => {
  const shortened = said.map((sentence, i) => {
    const wanted = says[i] ?? ""
    return wanted.endsWith("…") && sentence.startsWith(wanted.slice(0, -1)) ? wanted : sentence
  })
  expect(shortened).toEqual([...says])
}

const resourceOf = (kind: string): Resource<unknown> => {
  const at = kind.lastIndexOf("/")
  const resource = findByKind(kind.slice(0, at), kind.slice(at + 1))
  if (resource === undefined) throw new Error(`no such kind: ${kind}`)
  return resource
}

/** The object with its kind, and a name where it says none. */
const named = (resource: Resource<unknown>, object: JsonObject): JsonObject => {
  const apiVersion = resource.group === "" ? resource.version : `${resource.group}/${resource.version}`
  const isQuestion = resource.kind.endsWith("Review")
  const metadata = isQuestion ? {} : { name: "a", ...(resource.namespaced ? { namespace: "default" } : {}) }
  return {
    apiVersion,
    kind: resource.kind,
    ...object,
    metadata: { ...metadata, ...(isObject(object["metadata"]) ? object["metadata"] : {}) }
  }
}

const load = (resource: Resource<unknown>, object: JsonObject): KubernetesObject => {
  const { pruned, issues, unknown } = checkStructure(named(resource, object), resource.schema)
  expect([issues, unknown]).toEqual([[], []])
  return applyDefaults(pruned as KubernetesObject)
}

const steps = (path: string): ReadonlyArray<string> =>
  path.split(/\.|\[(\d+)\]/).filter((step) => step !== undefined && step !== "")

const valueAt = (object: unknown, path: string): unknown =>
  steps(path).reduce<unknown>(
    (value, step) => (value === null || typeof value !== "object" ? undefined : Reflect.get(value, step)),
    object
  )

const changed = (object: JsonObject, changes: Changes): JsonObject => {
  const copy = structuredClone(object) as Record<string, unknown>
  for (const [path, value] of Object.entries(changes)) {
    const way = steps(path)
    let place: Record<string, unknown> = copy
    for (const step of way.slice(0, -1)) {
      place[step] ??= {}
      place = place[step] as Record<string, unknown>
    }
    const last = way.at(-1) ?? ""
    if (value === undefined) delete place[last]
    else place[last] = value
  }
  return copy
}
