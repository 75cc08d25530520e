/** Which of the catalog's resources a server offers: the stable ones, and what it was told besides. @module */
import { allResources, apiVersionOf, type Resource, resources } from "@tsukube/api"

/** From the widest word to the most exact: a later one wins. */
const wordsFor = (resource: Resource): ReadonlyArray<string> => {
  const { version, plural, servedByDefault } = resource
  const stability = servedByDefault ? "api/ga" : version.includes("alpha") ? "api/alpha" : "api/beta"
  const groupVersion = apiVersionOf(resource)
  return ["api/all", stability, groupVersion, `${groupVersion}/${plural}`]
}

/** The resources of the catalog that a runtime configuration leaves; throws on words that mean nothing. */
export const enabledResources = (config: Readonly<Record<string, boolean>> = {}): ReadonlyArray<Resource> => {
  // One array for all servers without a choice: what is made from it is made once for all of them.
  if (Object.keys(config).length === 0) return resources
  const known = new Set(["api/all", "api/ga", "api/beta", "api/alpha", ...allResources.flatMap(wordsFor)])
  const unknown = Object.keys(config).filter((word) => !known.has(word))
  if (unknown.length > 0) throw new Error(`unknown api groups ${unknown.join(",")}`)
  return allResources.filter((resource) =>
    wordsFor(resource).reduce((served, word) => config[word] ?? served, resource.servedByDefault)
  )
}

/** Reads `--runtime-config`: words behind commas, each with `=true` (or nothing) or `=false`; throws on anything else. */
export const parseRuntimeConfig = (text: string): Readonly<Record<string, boolean>> => {
  const config = Object.fromEntries(
    text
      .split(",")
      .filter((part) => part.trim() !== "")
      .map((part) => {
        const [word = "", value = "true"] = part.trim().split("=")
        if (value !== "true" && value !== "false" && value !== "") throw new Error(`invalid value ${part.trim()}`)
        return [word, value !== "false"] as const
      })
  )
  enabledResources(config)
  return config
}
