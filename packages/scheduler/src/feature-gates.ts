/** Features that are off in Kubernetes v1.36 until they are asked for. @module */
import { defaultPlugins } from "./default-plugins.ts"
import type { Plugin } from "./plugin.ts"
import { gangScheduling } from "./plugins/gang-scheduling.ts"

/** Gates by their upstream names. */
export type FeatureGates = Readonly<Record<string, boolean>>

/** The gates there are, with the ones that they need. */
const known: Readonly<Record<string, ReadonlyArray<string>>> = {
  GenericWorkload: [],
  GangScheduling: ["GenericWorkload"]
}

/** What is wrong with a choice of gates, as text; nothing when all is well. */
export const checkFeatureGates = (gates: FeatureGates): ReadonlyArray<string> =>
  Object.entries(gates).flatMap(([name, isOn]) => {
    const needed = known[name]
    if (needed === undefined) return [`unrecognized feature gate: ${name}`]
    const missing = isOn ? needed.filter((each) => gates[each] !== true) : []
    return missing.map((each) => `${name} is enabled, but depends on features that are disabled: [${each}]`)
  })

/** Reads `Name=true,Other=false`; throws on what makes no sense. */
export const parseFeatureGates = (text: string): FeatureGates => {
  const gates = Object.fromEntries(
    text
      .split(",")
      .filter((part) => part.trim() !== "")
      .map((part) => {
        const [name = "", value] = part.trim().split("=")
        if (value !== "true" && value !== "false") throw new Error(`invalid value of ${name}, must be true or false: ${value}`)
        return [name, value === "true"] as const
      })
  )
  const [error] = checkFeatureGates(gates)
  if (error !== undefined) throw new Error(error)
  return gates
}

/** Plugins that a gate adds to the default profile. */
export const gatedPlugins = (gates: FeatureGates): ReadonlyArray<Plugin> =>
  gates["GangScheduling"] === true ? [gangScheduling] : []

/** The default profile with these gates; throws on gates that make no sense. */
export const pluginsFor = (gates: FeatureGates): ReadonlyArray<Plugin> => {
  const [error] = checkFeatureGates(gates)
  if (error !== undefined) throw new Error(error)
  return [...defaultPlugins, ...gatedPlugins(gates)]
}
