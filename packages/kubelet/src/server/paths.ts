/** What a request to the kubelet's server asks for. @module */
import type { LogOptions, StreamRequest } from "../runtime.ts"

/** A container named by its path: `/exec/{namespace}/{pod}/{container}`, with the pod's uid in between or not. */
export interface ContainerPath {
  readonly verb: "containerLogs" | "exec" | "attach" | "portForward"
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

/** Reads the path; undefined when it is no container's (or, for port-forward, no pod's). */
export const parseContainerPath = (pathname: string): ContainerPath | undefined => {
  const [, verb = "", namespace = "", pod = "", ...rest] = pathname.split("/").map(decodeURIComponent)
  if (verb === "portForward" && pod !== "") return { verb, namespace, pod, container: "" }
  if (verb !== "containerLogs" && verb !== "exec" && verb !== "attach") return undefined
  const container = rest.at(-1)
  if (container === undefined || container === "" || rest.length > 2) return undefined
  return { verb, namespace, pod, container }
}

const isTrue = (value: string | null): boolean => value === "true" || value === "1"

/** The streams that are asked for; the kubelet's own names and those of the API are both understood. */
export const parseStreams = (query: URLSearchParams, withCommand: boolean): StreamRequest => {
  const either = (own: string, api: string) => isTrue(query.get(own)) || isTrue(query.get(api))
  const tty = either("tty", "tty")
  return {
    ...(withCommand ? { command: query.getAll("command") } : {}),
    stdin: either("input", "stdin"),
    stdout: either("output", "stdout"),
    stderr: either("error", "stderr") && !tty,
    tty
  }
}

const numberOf = (query: URLSearchParams, name: string): number | undefined => {
  const text = query.get(name)
  if (text === null || text === "") return undefined
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new Error(`Invalid value ${JSON.stringify(text)} for ${name}`)
  return value
}

/** The part of the log that is asked for; throws with the reason when it cannot be understood. */
export const parseLogOptions = (query: URLSearchParams, now: number): LogOptions & { readonly previous: boolean } => {
  const seconds = numberOf(query, "sinceSeconds")
  const time = query.get("sinceTime")
  const tailLines = numberOf(query, "tailLines")
  const limitBytes = numberOf(query, "limitBytes")
  const since = seconds !== undefined ? now - seconds * 1000 : time === null || time === "" ? undefined : Date.parse(time)
  if (Number.isNaN(since)) throw new Error(`Invalid value ${JSON.stringify(time)} for sinceTime`)
  const stream = query.get("stream")
  if (stream !== null && !["", "All", "Stdout", "Stderr"].includes(stream))
    throw new Error(`Invalid value ${JSON.stringify(stream)} for stream`)
  return {
    follow: isTrue(query.get("follow")),
    timestamps: isTrue(query.get("timestamps")),
    previous: isTrue(query.get("previous")),
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(since === undefined ? {} : { since }),
    ...(stream === "Stdout" ? { stream: "stdout" as const } : stream === "Stderr" ? { stream: "stderr" as const } : {})
  }
}
