/** Which plugins a profile has, at which of their extension points, with which arguments. @module */
import { fieldError } from "@tsukube/api"
import type { Plugin } from "../plugin.ts"
import { checkPluginArgs } from "../plugin-args.ts"
import type { Json, Reader } from "./reader.ts"

const { duplicate, invalid, notFound, required } = fieldError

/** Extension points by the name that a configuration uses, with the members of a plugin that they stand for. */
const points: Readonly<Record<string, ReadonlyArray<keyof Plugin>>> = {
  preEnqueue: ["preEnqueue"],
  queueSort: ["compare"],
  preFilter: ["preFilter", "addPod", "removePod"],
  filter: ["filter", "filterMany"],
  postFilter: ["postFilter"],
  preScore: ["preScore", "preScoreMany"],
  score: ["score", "scoreMany", "scale", "normalize"],
  reserve: ["reserve", "unreserve"],
  permit: ["permit"],
  preBind: ["preBind"],
  bind: ["bind"],
  postBind: ["postBind"]
}

interface Named {
  readonly name: string
  readonly weight?: number
}

interface PluginSet {
  readonly enabled: ReadonlyArray<Named>
  readonly disabled: ReadonlyArray<Named>
}

const readPluginSet = (reader: Reader, value: unknown, path: string, known: ReadonlySet<string>): PluginSet => {
  const set = reader.object(value, path)
  reader.known(set, path, ["enabled", "disabled"])
  const read = (which: "enabled" | "disabled"): ReadonlyArray<Named> =>
    reader.list(set[which], `${path}.${which}`).flatMap((item, index) => {
      const at = `${path}.${which}[${index}]`
      const entry = reader.object(item, at)
      reader.known(entry, at, ["name", "weight"])
      const name = reader.text(entry["name"], `${at}.name`)
      const weight = reader.integer(entry["weight"], `${at}.weight`)
      if (name === undefined || name === "") {
        reader.errors.push(required(`${at}.name`))
        return []
      }
      if (!known.has(name) && !(which === "disabled" && name === "*")) reader.errors.push(notFound(`${at}.name`, name))
      if (weight !== undefined && (weight < 0 || weight > 100))
        reader.errors.push(invalid(`${at}.weight`, weight, "must be between 0 and 100"))
      return [weight === undefined || weight === 0 ? { name } : { name, weight }]
    })
  return { enabled: read("enabled"), disabled: read("disabled") }
}

const isDisabled = ({ disabled }: PluginSet, name: string): boolean =>
  disabled.some((entry) => entry.name === "*" || entry.name === name)

/** A plugin with only some of its extension points. */
const restrictedTo = (plugin: Plugin, kept: ReadonlySet<keyof Plugin>): Plugin => {
  const all = new Set(Object.values(points).flat())
  // What it signs must be what it reads: without a filter or score of its own there is nothing to share.
  const entries = Object.entries(plugin).filter(([key]) => !all.has(key as keyof Plugin) || kept.has(key as keyof Plugin))
  return Object.fromEntries(entries) as unknown as Plugin
}

/** The plugins that a profile's sets leave, each with the extension points that they leave it. */
export const pluginsOf = (
  reader: Reader,
  value: unknown,
  path: string,
  make: (name: string) => Plugin | undefined,
  known: ReadonlySet<string>,
  defaults: ReadonlyArray<string>
): ReadonlyArray<Plugin> => {
  const sets = reader.object(value, path)
  reader.known(sets, path, ["multiPoint", ...Object.keys(points)])
  const setOf = (point: string): PluginSet => readPluginSet(reader, sets[point], `${path}.${point}`, known)
  const multi = setOf("multiPoint")
  const byPoint = new Map(Object.keys(points).map((point) => [point, setOf(point)] as const))
  const base: Array<Named> = defaults
    .filter((name) => !isDisabled(multi, name) && !multi.enabled.some((entry) => entry.name === name))
    .map((name) => ({ name }))
  base.push(...multi.enabled)
  const names = [...base.map(({ name }) => name)]
  for (const { enabled } of byPoint.values()) for (const { name } of enabled) if (!names.includes(name)) names.push(name)
  return names.flatMap((name): ReadonlyArray<Plugin> => {
    const plugin = make(name)
    if (plugin === undefined) return []
    const kept = new Set<keyof Plugin>()
    const general = base.find((entry) => entry.name === name)
    for (const [point, set] of byPoint) {
      const isOn = set.enabled.some((entry) => entry.name === name) || (general !== undefined && !isDisabled(set, name))
      if (isOn) for (const member of points[point]!) kept.add(member)
    }
    const weight = byPoint.get("score")?.enabled.find((entry) => entry.name === name)?.weight ?? general?.weight
    return [{ ...restrictedTo(plugin, kept), ...(weight === undefined ? {} : { weight }) }]
  })
}

/** The arguments of plugins by name. */
export const readArgs = (reader: Reader, value: unknown, path: string, known: ReadonlySet<string>): ReadonlyMap<string, Json> => {
  const args = new Map<string, Json>()
  for (const [index, item] of reader.list(value, path).entries()) {
    const at = `${path}[${index}]`
    const entry = reader.object(item, at)
    reader.known(entry, at, ["name", "args"])
    const name = reader.text(entry["name"], `${at}.name`) ?? ""
    const given = reader.object(entry["args"], `${at}.args`)
    if (args.has(name)) reader.errors.push(duplicate(at, name))
    else if (!known.has(name)) reader.errors.push(notFound(`${at}.name`, name))
    reader.errors.push(...checkPluginArgs(name, given, `${at}.args`))
    args.set(name, given)
  }
  return args
}
