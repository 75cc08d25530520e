/** Bounds on the requests that are worked on at once, and on how long one may take. @module */
import { badRequest, type StatusError, timeout, tooManyRequests } from "@tsukube/api"
import type { Described, Meter, RequestKind } from "./metrics/meter.ts"
import type { RequestInfo, UserInfo } from "./request.ts"

/** All optional. */
export interface Limits {
  /** Reads worked on at once; default 400, 0 for no bound. Watches, logs and connections do not count. */
  readonly maxReadsInFlight?: number
  /** Writes worked on at once; default 200, 0 for no bound. */
  readonly maxWritesInFlight?: number
  /** How long a request may take unless it asks for less (`?timeout=`); default 60,000. Watches, logs and connections may go on. */
  readonly requestTimeoutMs?: number
}

const defaults = { maxReadsInFlight: 400, maxWritesInFlight: 200, requestTimeoutMs: 60_000 } as const
const retryAfterSeconds = 1
const writes: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection", "post", "put"])
const longVerbs: ReadonlySet<string> = new Set(["watch", "proxy"])
const longSubresources: ReadonlySet<string> = new Set(["attach", "exec", "proxy", "log", "portforward"])

/** Whether a request may last for as long as its client likes. */
export const isLongRunning = ({ isResource, verb, subresource }: RequestInfo): boolean =>
  isResource && (longVerbs.has(verb) || longSubresources.has(subresource))

/** Runs one short request within the bounds. */
export type Bounded = <A>(
  request: { readonly info: RequestInfo; readonly described: Described; readonly user: UserInfo; readonly timeoutMs: number },
  work: () => Promise<A>
) => Promise<A>

/** The bounds of one server. Whoever is of `system:masters` always gets a place, as upstream has it: he may have come to help. */
export const makeBounds = (limits: Limits, meter: Meter): Bounded => {
  const { maxReadsInFlight, maxWritesInFlight } = { ...defaults, ...limits }
  const most: Readonly<Record<RequestKind, number>> = { readOnly: maxReadsInFlight, mutating: maxWritesInFlight }
  return async ({ info, described, user, timeoutMs }, work) => {
    const kind = writes.has(info.verb) ? "mutating" : "readOnly"
    const full = most[kind] > 0 && meter.inFlight[kind] >= most[kind]
    if (full && !user.groups.includes("system:masters")) {
      meter.terminated(described, 429)
      throw tooManyRequests("Too many requests, please try again later.", retryAfterSeconds)
    }
    meter.inFlight[kind]++
    const working = work()
    // What was given up still takes a place until it is really over.
    working.then(
      () => meter.inFlight[kind]--,
      () => meter.inFlight[kind]--
    )
    return within(working, timeoutMs, () => meter.terminated(described, 504))
  }
}

const within = <A>(working: Promise<A>, milliseconds: number, late: () => void): Promise<A> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      late()
      reject(timeout("request did not complete within the allotted timeout"))
    }, milliseconds)
    working.then(
      (value) => {
        clearTimeout(timer)
        resolve(value)
      },
      (error) => {
        clearTimeout(timer)
        reject(error)
      }
    )
  })

const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** A Go duration (`34s`, `1m30s`) in milliseconds; `undefined` when it is none. */
export const parseGoDuration = (text: string): number | undefined => {
  const found = /^[-+]?((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.test(text)
  if (!found) return text === "0" ? 0 : undefined
  let milliseconds = 0
  for (const [, number, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)) {
    milliseconds += Number(number) * unitMs[unit!]!
  }
  return text.startsWith("-") ? -milliseconds : milliseconds
}

/** How long a request may take: what it asks for, but at most the server's limit. 400 when it asks for nonsense. */
export const timeoutOf = (limits: Limits, asked: string | null): number => {
  const { requestTimeoutMs = defaults.requestTimeoutMs } = limits
  if (asked === null || asked === "") return requestTimeoutMs
  const milliseconds = parseGoDuration(asked)
  if (milliseconds === undefined) throw badRequest(`invalid timeout specified in the request URL - ${asked}`)
  return milliseconds <= 0 ? requestTimeoutMs : Math.min(milliseconds, requestTimeoutMs)
}

/** 504 for a request whose body never came. */
export const bodyTimeout = (): StatusError => timeout("the body of the request did not arrive within the allotted timeout")
