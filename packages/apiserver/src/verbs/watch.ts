/** GET of a collection with `watch`: every change after a revision, as it happens. @module */
import { apiVersionOf, expired, type KubernetesObject } from "@tsukube/api"
import type { Bucket, Follower, ObjectChange } from "../bucket.ts"
import { type Accepted, negotiate } from "../encode/accept.ts"
import { hasProtobuf, partialOf, tableOf, tableOptionsOf, warningValue } from "../encode/json.ts"
import { type Filter, filterOf } from "../filter.ts"
import { freshen } from "../freshness.ts"
import { type ListRequest, readListRequest } from "../list-options.ts"
import { describe } from "../metrics/meter.ts"
import { encodeProtobufEvent } from "../protobuf/encode.ts"
import { protobufType } from "../protobuf/kind.ts"
import type { RequestContext } from "../request.ts"
import { type Served, shownObject, shownText } from "../served.ts"
import type { Serving } from "../serving.ts"
import type { StoredObject } from "../stored.ts"
import { isFromSocket, wireResponse } from "../wire.ts"
import { type FrameOf, join, type Seat, type Watcher } from "./audience.ts"
import { WatchSink } from "./watch-sink.ts"
import { type WatchOutput, WatchStream } from "./watch-stream.ts"

const bookmarkEveryMs = 60_000
/** Without `timeoutSeconds` a watch lives between once and twice this long, so that not all clients come back together. */
const leastLifeMs = 1_800_000
/** Longer timers fire at once. */
const timerLimitMs = 2 ** 31 - 1

const encoder = new TextEncoder()

const contentTypes: Readonly<Record<Accepted["format"], string>> = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: `${protobufType};stream=watch`
}

type EventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR"

const jsonFrame = (type: EventType, text: string): Uint8Array => encoder.encode(`{"type":"${type}","object":${text}}\n`)

const protobufFrame = (type: EventType, text: string): Uint8Array => encodeProtobufEvent(type, JSON.parse(text))

/** Writes objects in the shape a watcher asked for. */
interface Frames {
  readonly object: (type: EventType, stored: StoredObject) => Uint8Array
  /** The same, made once for all watchers of the same shape. */
  readonly change: (type: EventType, stored: StoredObject, change: ObjectChange) => Uint8Array
  /** Watches of the same form get the same frames of a change; undefined where each gets its own. */
  readonly form: string | undefined
  readonly error: (status: object) => Uint8Array
  readonly bookmark: (revision: bigint, annotations?: Readonly<Record<string, string>>) => Uint8Array
}

const framesOf = (serving: Serving, context: RequestContext, served: Served, accepted: Accepted): Frames => {
  const { shape, metaVersion, format } = accepted
  const { resource } = served
  const frameOf = format === "protobuf" ? protobufFrame : jsonFrame
  const options = shape === "Table" ? tableOptionsOf(context, serving.now()) : undefined
  let headers = true
  const tableText = (objects: ReadonlyArray<KubernetesObject>, revision: bigint): string => {
    const { columnDefinitions, rows } = serving.parts.toTable(objects, resource, { ...options!, now: serving.now() })
    // Only the first Table of a watch names its columns.
    const table = tableOf({ columnDefinitions: headers ? columnDefinitions : [], rows }, metaVersion, {
      resourceVersion: String(revision)
    })
    headers = false
    return JSON.stringify(table)
  }
  const textOf = (stored: StoredObject): string => {
    if (shape === "object") return shownText(served, stored)
    const object = shownObject(served, stored)
    return shape === "Table" ? tableText([object], stored.revision) : JSON.stringify(partialOf(object, metaVersion))
  }
  const bookmarkText = (revision: bigint, annotations?: Readonly<Record<string, string>>): string => {
    if (shape === "Table") return tableText([], revision)
    const metadata = {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(annotations === undefined ? {} : { annotations })
    }
    const apiVersion = apiVersionOf(resource)
    return JSON.stringify(
      shape === "object"
        ? { kind: resource.kind, apiVersion, metadata }
        : { kind: "PartialObjectMetadata", apiVersion: metaVersion, metadata }
    )
  }
  const object = (type: EventType, stored: StoredObject): Uint8Array => frameOf(type, textOf(stored))
  const usual = served.show === undefined && shape === "object" && format === "json"
  const form = usual ? "" : ` ${format} ${shape} ${metaVersion} ${apiVersionOf(resource)}`
  return {
    object,
    form: shape === "Table" ? undefined : form,
    error: (status) => frameOf("ERROR", JSON.stringify(status)),
    bookmark: (revision, annotations) => frameOf("BOOKMARK", bookmarkText(revision, annotations)),
    change: (type, stored, change) => {
      if (shape === "Table") return object(type, stored)
      const key = usual ? type : type + form
      const known = change.frames.get(key)
      if (known !== undefined) return known
      const made = object(type, stored)
      change.frames.set(key, made)
      return made
    }
  }
}

/** What a change is to a watcher with a filter; undefined when it does not concern it. */
const eventOf = (change: ObjectChange, filter: Filter): readonly [type: EventType, stored: StoredObject] | undefined => {
  const { current, previous } = change
  const key = (current ?? previous)?.key
  if (key === undefined || !key.startsWith(filter.prefix)) return undefined
  const { matches } = filter
  const now = current !== undefined && (matches === undefined || matches(current))
  const before = previous !== undefined && (matches === undefined || matches(previous))
  if (now) return [before ? "MODIFIED" : "ADDED", current]
  return before ? ["DELETED", change.removed!] : undefined
}

/** What a watcher gets before the live changes, and the revision after which those begin. */
interface Beginning {
  readonly frames: ReadonlyArray<Uint8Array>
  readonly after: bigint
  /** The history does not reach back: the frames hold the error, and nothing follows. */
  readonly over?: true
}

const beginningOf = (serving: Serving, served: Served, request: ListRequest, filter: Filter, frames: Frames): Beginning => {
  const bucket = serving.cache.bucket(served.folder)
  const revision = serving.cache.revision()
  const { resourceVersion, sendInitialEvents } = request
  const whole = resourceVersion === undefined || resourceVersion === 0n
  if (sendInitialEvents ?? whole) {
    const initial: Array<Uint8Array> = []
    for (const stored of bucket.range(filter.prefix)) {
      if (filter.matches === undefined || filter.matches(stored)) initial.push(frames.object("ADDED", stored))
    }
    if (sendInitialEvents === true && request.allowBookmarks) {
      initial.push(frames.bookmark(revision, { "k8s.io/initial-events-end": "true" }))
    }
    return { frames: initial, after: revision }
  }
  if (whole) return { frames: [], after: revision }
  // A revision that is still to come: the watch begins there.
  if (resourceVersion > revision) return { frames: [], after: resourceVersion }
  const missed = bucket.since(resourceVersion)
  if (missed === undefined) {
    const error = expired(`too old resource version: ${resourceVersion} (${bucket.floor})`)
    return { frames: [frames.error(error.status)], after: revision, over: true }
  }
  const events = missed.flatMap((change) => {
    const event = eventOf(change, filter)
    return event === undefined ? [] : [frames.change(event[0], event[1], change)]
  })
  return { frames: events, after: revision }
}

/** Answers a watch. The first frames and the subscription are one synchronous step, so nothing falls between. */
export const watch = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> => {
  const request = readListRequest(context.url.searchParams, true)
  const filter = filterOf(served, context.info, request)
  const accepted = negotiate(context.request.headers.get("accept"), { watch: true, protobuf: hasProtobuf(served) })
  const frames = framesOf(serving, context, served, accepted)
  const whole = request.resourceVersion === undefined || request.resourceVersion === 0n
  if (whole || request.sendInitialEvents === true) await freshen(serving, request.resourceVersion)
  const beginning = beginningOf(serving, served, request, filter, frames)
  const headers = new Headers({ "content-type": contentTypes[accepted.format], "cache-control": "no-cache, private" })
  for (const warning of context.warnings) headers.append("warning", warningValue(warning))
  let stop = (): void => {}
  const begin = (output: WatchOutput): void => {
    if (beginning.over === true) output.end()
    else stop = follow(serving, context, { served, request, filter, frames, output, after: beginning.after })
  }
  if (isFromSocket(context.request)) {
    const sink = new WatchSink(beginning.frames, () => stop())
    begin(sink)
    return wireResponse(sink, { status: 200, headers })
  }
  const stream = new WatchStream(beginning.frames, () => stop())
  begin(stream)
  return new Response(stream.body, { status: 200, headers })
}

interface Following {
  readonly served: Served
  readonly request: ListRequest
  readonly filter: Filter
  readonly frames: Frames
  readonly output: WatchOutput
  readonly after: bigint
}

/** A place of its own for a watch that nobody shares the wishes of. */
const alone = (bucket: Bucket, { interest }: Filter, frameOf: FrameOf, { output, later }: Watcher): Seat => {
  let heard = 0n
  const follower: Follower = {
    changed: (change) => {
      if (later !== undefined && change.revision <= later) return
      const frame = frameOf(change)
      if (frame === undefined) return
      heard = change.revision
      output.push(frame)
    },
    end: () => output.end()
  }
  return { leave: bucket.follow(follower, interest), heard: () => heard }
}

/** Pushes live changes out until it ends, its time is up, the client goes away or the server closes. Gives the way to stop. */
const follow = (serving: Serving, context: RequestContext, watching: Following): (() => void) => {
  const { served, request, filter, frames, output, after } = watching
  const frameOf = (change: ObjectChange): Uint8Array | undefined => {
    const event = eventOf(change, filter)
    return event === undefined ? undefined : frames.change(event[0], event[1], change)
  }
  const bucket = serving.cache.bucket(served.folder)
  const later = after > serving.cache.revision() ? { later: after } : {}
  const seat =
    filter.matches === undefined && frames.form !== undefined
      ? join(bucket, `${frames.form} ${filter.prefix}`, frameOf, { output, ...later })
      : alone(bucket, filter, frameOf, { output, ...later })
  let told = after
  const bookmark = (): void => {
    const revision = serving.cache.revision()
    if (revision <= told || revision <= seat.heard()) return
    told = revision
    output.push(frames.bookmark(revision))
  }
  const end = (): void => {
    if (request.allowBookmarks) bookmark()
    output.end()
  }
  const wantedMs = request.timeoutSeconds ? request.timeoutSeconds * 1000 : leastLifeMs * (1 + Math.random())
  const lifeMs = Math.min(wantedMs, timerLimitMs)
  const over = serving.meter.began(describe(context.info, context.url.searchParams, null))
  const timers = [setTimeout(end, lifeMs), ...(request.allowBookmarks ? [setInterval(bookmark, bookmarkEveryMs)] : [])]
  const signals = [serving.closed, context.request.signal]
  for (const signal of signals) {
    if (signal.aborted) queueMicrotask(end)
    signal.addEventListener("abort", end)
  }
  return () => {
    over()
    seat.leave()
    for (const timer of timers) clearTimeout(timer)
    for (const signal of signals) signal.removeEventListener("abort", end)
  }
}
