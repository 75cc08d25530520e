/** Which strategy each resource has, by `plural.group`. @module */
import type { Resource } from "@tsukube/api"
import type { Strategy } from "./strategy.ts"

const strategies: Readonly<Record<string, Strategy>> = {}

const none: Strategy = {}

/** The strategy of a stored resource. */
export const strategyOf = (resource: Resource): Strategy => strategies[`${resource.plural}.${resource.group}`] ?? none
