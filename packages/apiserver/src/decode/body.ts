/** Reads a request's body: bounded, valid UTF-8, JSON or YAML. @module */
import { badRequest, tooLarge, unsupportedMediaType } from "@tsukube/api"
import { decodeProtobuf } from "../protobuf/decode.ts"
import { protobufType } from "../protobuf/kind.ts"
import type { RequestContext } from "../request.ts"
import { yaml } from "../yaml.ts"
import { holdsEvery, measureJson } from "./json-measure.ts"
import { scanJson } from "./json-scan.ts"

/** Larger bodies get 413, as upstream answers them. */
export const bodyLimitBytes: number = 3 * 1024 * 1024

const yamlTypes: ReadonlyArray<string> = ["application/yaml", "application/x-yaml", "text/yaml"]
const objectTypes: ReadonlyArray<string> = ["application/json", ...yamlTypes, protobufType]
/** The names under which they are offered. */
const offered = ["application/json", "application/yaml", protobufType]

/** A body as it came, with what its header says it is. */
export interface Body {
  readonly text: string
  /** Lower case, without parameters; "" when the header was absent. */
  readonly type: string
}

/** Whose body is read. */
type Sender = Pick<RequestContext, "request" | "inProcess">

/** Reads the whole body of an object (no type means JSON), or of one of `types`: 415 for others, 413 when it is too large, 400 when it is no UTF-8. */
export const readBody = async ({ request, inProcess }: Sender, types?: ReadonlyArray<string>): Promise<Body> => {
  const type = (request.headers.get("content-type") ?? "").split(";")[0]!.trim().toLowerCase()
  if (!(types ?? objectTypes).includes(type) && (types !== undefined || type !== "")) throw unsupportedMediaType(types ?? offered)
  if (Number(request.headers.get("content-length") ?? 0) > bodyLimitBytes) throw tooLarge(`limit is ${bodyLimitBytes}`)
  const bytes = inProcess === true ? await bytesAtOnce(request) : await bytesOf(request)
  // From here on only JSON is known: what came as protobuf goes on as the object it stands for.
  if (type === protobufType) return { text: JSON.stringify(decodeProtobuf(bytes)), type: "application/json" }
  try {
    return { text: utf8.decode(bytes), type }
  } catch {
    throw badRequest("the body of the request is not valid UTF-8")
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Bodies that arrived as a whole before their request was made. */
const received = new WeakMap<Request, Uint8Array>()

/** Says what the body of a request is, for those who would read it as a stream. */
export const bodyIs = (request: Request, bytes: Uint8Array): void => void received.set(request, bytes)

/** The body of somebody who is trusted to send no endless one: without a stream, which takes longer than all that is done with the bytes. */
const bytesAtOnce = async (request: Request): Promise<Uint8Array> => {
  const bytes = received.get(request) ?? new Uint8Array(await request.arrayBuffer())
  if (bytes.byteLength > bodyLimitBytes) throw tooLarge(`limit is ${bodyLimitBytes}`)
  return bytes
}

const bytesOf = async (request: Request): Promise<Uint8Array> => {
  const known = received.get(request)
  if (known !== undefined) return known
  const chunks: Array<Uint8Array> = []
  let bytes = 0
  if (request.body !== null) {
    // Read by hand, because a body without a length may go on for ever.
    const reader = (request.body as ReadableStream<Uint8Array>).getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      bytes += value.byteLength
      if (bytes > bodyLimitBytes) {
        await reader.cancel()
        throw tooLarge(`limit is ${bodyLimitBytes}`)
      }
      chunks.push(value)
    }
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** A parsed body and the paths of keys that occur twice. */
export interface ParsedBody {
  readonly value: unknown
  readonly duplicates: ReadonlyArray<string>
}

/** Parses JSON or YAML as the header says; no header means JSON. Throws `ParseError`. */
export const parseBody = ({ text, type }: Body): ParsedBody => (yamlTypes.includes(type) ? parseYaml(text) : parseJson(text))

/** JSON with upstream's words for what is wrong with it. The walk that finds those words is left out where the parser alone shows that there is nothing to say. */
export const parseJson = (text: string): ParsedBody => {
  const measure = measureJson(text)
  const value = measure === undefined ? undefined : parseQuietly(text)
  if (measure !== undefined && value !== undefined && holdsEvery(value, measure)) return { value, duplicates: [] }
  const duplicates = scanJson(text)
  return { value: JSON.parse(text), duplicates }
}

const parseQuietly = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** YAML 1.1, as upstream reads it, but without its dates and sexagesimal numbers: those stay strings there as well. */
const parseYaml = (text: string): ParsedBody => {
  const { parseDocument } = yaml()
  const document = parseDocument(text, {
    version: "1.1",
    uniqueKeys: false,
    customTags: (tags) =>
      tags.filter(
        (tag) =>
          typeof tag === "string" || (tag.tag !== "tag:yaml.org,2002:timestamp" && !("format" in tag && tag.format === "TIME"))
      )
  })
  const error = document.errors[0]
  if (error !== undefined) throw badRequest(`error converting YAML to JSON: yaml: ${error.message.split("\n")[0]}`)
  const strict = parseDocument(text, { version: "1.1", uniqueKeys: true })
  const duplicates = strict.errors.filter(({ code }) => code === "DUPLICATE_KEY").map(() => "(key of the YAML document)")
  try {
    // An alias bomb is refused by the library's own limit.
    return { value: document.toJS(), duplicates }
  } catch (thrown) {
    throw badRequest(`error converting YAML to JSON: yaml: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
}
