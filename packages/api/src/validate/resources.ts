/** Validation of what containers ask for and are limited to. @module */
import { invalid, required } from "../field-error.ts"
import { compareQuantity } from "../quantity.ts"
import type { ResourceRequirements } from "../types/core-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { checkContainerResourceName } from "./resource-name.ts"

type Amounts = Readonly<Record<string, string | undefined>>

/** Names of the core group that a container may ask for. */
const isStandard = (name: string): boolean =>
  ["cpu", "memory", "ephemeral-storage"].includes(name) || name.startsWith("hugepages-")

/** Only these can be promised to more containers than there is room for. */
const canOvercommit = (name: string): boolean =>
  !name.startsWith("hugepages-") && (isStandard(name) || name.startsWith("kubernetes.io/"))

/** Limits are not negative, requests neither, and no request is above its limit. */
export function* validateResources(resources: Loose<ResourceRequirements> | undefined, path: string): Findings {
  const { limits = {}, requests = {} } = resources ?? {}
  yield* validateAmounts(limits, `${path}.limits`)
  for (const [name, amount = "0"] of Object.entries(requests)) {
    yield* validateAmount(name, amount, `${path}.requests[${name}]`)
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined
    if (limit === undefined) {
      if (!canOvercommit(name)) yield required(`${path}.limits`, "Limit must be set for non overcommitable resources")
    } else if (canOvercommit(name) && compareQuantity(amount, limit) > 0) {
      yield invalid(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`)
    } else if (!canOvercommit(name) && compareQuantity(amount, limit) !== 0) {
      yield invalid(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`)
    }
  }
}

function* validateAmounts(amounts: Amounts, path: string): Findings {
  for (const [name, amount = "0"] of Object.entries(amounts)) yield* validateAmount(name, amount, `${path}[${name}]`)
}

function* validateAmount(name: string, amount: string, path: string): Findings {
  yield* checkContainerResourceName(name, path)
  yield* validateNonNegative(amount, path)
}

/** A quantity, in canonical form, that may not be below zero. */
export function* validateNonNegative(amount: string, path: string): Findings {
  if (amount.startsWith("-")) yield invalid(path, amount, "must be greater than or equal to 0")
}
