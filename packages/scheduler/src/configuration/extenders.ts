/** The extenders of a configuration. @module */
import { fieldError } from "@tsukube/api"
import type { ExtenderSettings } from "../extender.ts"
import type { Reader } from "./reader.ts"

const { invalid, required } = fieldError

/** How a connection to an extender is made safe: files, or what would be in them, in PEM. */
export interface ExtenderTls {
  /** Does not check the server's certificate. */
  readonly insecure?: boolean
  readonly serverName?: string
  readonly certFile?: string
  readonly keyFile?: string
  readonly caFile?: string
  readonly certData?: string
  readonly keyData?: string
  readonly caData?: string
}

/** An extender with what it means for others. */
export interface ReadExtender {
  readonly settings: ExtenderSettings
  /** Resources that the plugins leave to it. */
  readonly ignored: ReadonlyArray<string>
  readonly tls?: ExtenderTls
}

/** Data of a configuration file is base64. */
const decoded = (reader: Reader, value: unknown, path: string): string | undefined => {
  const text = reader.text(value, path)
  if (text === undefined) return undefined
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (each) => each.charCodeAt(0)))
  } catch {
    reader.errors.push(invalid(path, text, "must be base64"))
    return undefined
  }
}

const readTls = (reader: Reader, value: unknown, path: string): ExtenderTls | undefined => {
  if (value === undefined || value === null) return undefined
  const entry = reader.object(value, path)
  const files = ["serverName", "certFile", "keyFile", "caFile"]
  const data = ["certData", "keyData", "caData"]
  reader.known(entry, path, ["insecure", ...files, ...data])
  const insecure = reader.flag(entry["insecure"], `${path}.insecure`)
  const read = [
    ...files.map((name) => [name, reader.text(entry[name], `${path}.${name}`)] as const),
    ...data.map((name) => [name, decoded(reader, entry[name], `${path}.${name}`)] as const)
  ]
  return {
    ...(insecure === undefined ? {} : { insecure }),
    ...Object.fromEntries(read.filter(([, text]) => text !== undefined))
  }
}

/** An extender of a configuration. */
export const readExtender = (reader: Reader, value: unknown, path: string): ReadExtender => {
  const entry = reader.object(value, path)
  const text = (name: string): string | undefined => reader.text(entry[name], `${path}.${name}`) || undefined
  reader.known(entry, path, [
    "urlPrefix",
    "filterVerb",
    "prioritizeVerb",
    "preemptVerb",
    "bindVerb",
    "weight",
    "enableHTTPS",
    "tlsConfig",
    "httpTimeout",
    "nodeCacheCapable",
    "managedResources",
    "ignorable"
  ])
  const urlPrefix = text("urlPrefix") ?? ""
  if (urlPrefix === "" || !URL.canParse(urlPrefix))
    reader.errors.push(invalid(`${path}.urlPrefix`, urlPrefix, "must be a valid URL"))
  const weight = reader.integer(entry["weight"], `${path}.weight`)
  const prioritizeVerb = text("prioritizeVerb")
  if (prioritizeVerb !== undefined && (weight ?? 0) <= 0)
    reader.errors.push(invalid(`${path}.weight`, weight ?? 0, "must have a positive weight applied to it"))
  const timeout = reader.durationMs(entry["httpTimeout"], `${path}.httpTimeout`)
  const ignored: Array<string> = []
  const managedResources = reader.list(entry["managedResources"], `${path}.managedResources`).flatMap((item, index) => {
    const at = `${path}.managedResources[${index}]`
    const resource = reader.object(item, at)
    reader.known(resource, at, ["name", "ignoredByScheduler"])
    const name = reader.text(resource["name"], `${at}.name`)
    if (name === undefined || name === "") reader.errors.push(required(`${at}.name`))
    if (name !== undefined && reader.flag(resource["ignoredByScheduler"], `${at}.ignoredByScheduler`) === true) ignored.push(name)
    return name === undefined ? [] : [name]
  })
  if (entry["enableHTTPS"] === true && !urlPrefix.startsWith("https:"))
    reader.errors.push(invalid(`${path}.urlPrefix`, urlPrefix, "must use https when enableHTTPS is set"))
  const filterVerb = text("filterVerb")
  const preemptVerb = text("preemptVerb")
  const bindVerb = text("bindVerb")
  const tls = readTls(reader, entry["tlsConfig"], `${path}.tlsConfig`)
  const settings: ExtenderSettings = {
    urlPrefix,
    managedResources,
    ...(filterVerb === undefined ? {} : { filterVerb }),
    ...(prioritizeVerb === undefined ? {} : { prioritizeVerb }),
    ...(preemptVerb === undefined ? {} : { preemptVerb }),
    ...(bindVerb === undefined ? {} : { bindVerb }),
    ...(weight === undefined ? {} : { weight }),
    ...(timeout === undefined ? {} : { httpTimeoutMs: timeout }),
    nodeCacheCapable: reader.flag(entry["nodeCacheCapable"], `${path}.nodeCacheCapable`) ?? false,
    ignorable: reader.flag(entry["ignorable"], `${path}.ignorable`) ?? false
  }
  return { settings, ignored, ...(tls === undefined ? {} : { tls }) }
}
