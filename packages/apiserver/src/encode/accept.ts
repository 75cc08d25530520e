/** Reads the Accept header: which format, and whether the object itself, a Table or only its metadata is asked for. @module */
import { notAcceptable } from "@tsukube/api"
import { protobufType } from "../protobuf/kind.ts"

/** What a client wants to see of an object or list. */
export type Shape = "object" | "Table" | "PartialObjectMetadata"

/** How the answer is written. */
export type Format = "json" | "yaml" | "protobuf"

/** A choice both sides can live with. */
export interface Accepted {
  readonly format: Format
  readonly shape: Shape
  /** `meta.k8s.io/v1` or `meta.k8s.io/v1beta1`: what a Table or PartialObjectMetadata says it is. */
  readonly metaVersion: string
}

interface Clause {
  readonly type: string
  readonly quality: number
  readonly parameters: Readonly<Record<string, string>>
}

const plain: Accepted = { format: "json", shape: "object", metaVersion: "meta.k8s.io/v1" }

const clausesOf = (header: string): ReadonlyArray<Clause> =>
  header
    .split(",")
    .map((text) => {
      const [type = "", ...rest] = text.split(";").map((part) => part.trim())
      const parameters = Object.fromEntries(
        rest.map((part) => {
          const at = part.indexOf("=")
          return at < 0 ? [part, ""] : [part.slice(0, at).trim(), part.slice(at + 1).trim()]
        })
      )
      const quality = Number(parameters["q"] ?? "1")
      return { type: type.toLowerCase(), quality: Number.isNaN(quality) ? 1 : quality, parameters }
    })
    .filter(({ type, quality }) => type !== "" && quality > 0)
    .sort((a, b) => b.quality - a.quality)

const formatOf = (type: string): Format | undefined => {
  if (type === protobufType) return "protobuf"
  if (type === "application/json" || type === "*/*" || type === "application/*") return "json"
  return type === "application/yaml" ? "yaml" : undefined
}

/** `list` only matters for which name the partial metadata goes by. Undefined: this clause asks for what is not offered. */
const shapeOf = (parameters: Readonly<Record<string, string>>, list: boolean): Shape | undefined => {
  const { as, g, v } = parameters
  if (as === undefined || as === "") return "object"
  if (g !== "meta.k8s.io" || (v !== "v1" && v !== "v1beta1")) return undefined
  if (as === "Table") return "Table"
  return as === (list ? "PartialObjectMetadataList" : "PartialObjectMetadata") ? "PartialObjectMetadata" : undefined
}

const offered = ["application/json", "application/yaml", protobufType]

/** The first clause that can be answered, the most wanted first; 406 when there is none. */
export const negotiate = (
  header: string | null,
  options: {
    readonly list?: boolean
    readonly watch?: boolean
    /** Whether what is to be sent has a protobuf form; default no. */
    readonly protobuf?: boolean
    /** Whether what is to be sent has a Table form; default yes. */
    readonly table?: boolean
  } = {}
): Accepted => {
  if (header === null || header === "" || header === "application/json" || header === "*/*") return plain
  for (const { type, parameters } of clausesOf(header)) {
    const format = formatOf(type)
    // Watch frames have no YAML form.
    if (format === undefined || (format === "yaml" && options.watch === true)) continue
    const shape = shapeOf(parameters, options.list === true)
    if (shape === undefined || (shape === "Table" && options.table === false)) continue
    // Tables have no protobuf form; the metadata of every object has.
    if (format === "protobuf" && (shape === "Table" || (shape === "object" && options.protobuf !== true))) continue
    return { format, shape, metaVersion: `meta.k8s.io/${parameters["v"] ?? "v1"}` }
  }
  throw notAcceptable(options.protobuf === true ? offered : offered.slice(0, 2))
}
