/** The quality-of-service class of a pod, by what its containers ask for and are limited to. @module */
import { compareQuantity, quantityMilli } from "./quantity.ts"
import type { Pod, ResourceRequirements } from "./types/core-v1.ts"

const counted = ["cpu", "memory"] as const

type Amounts = NonNullable<ResourceRequirements["limits"]>

/** The amount of a resource; zero counts as none. */
const amountOf = (amounts: Amounts | undefined, name: string): string | undefined => {
  const amount = amounts?.[name]
  return amount === undefined || quantityMilli(amount) === 0 ? undefined : amount
}

/** Guaranteed: everything is limited and asks for just that; BestEffort: nothing asks for anything; Burstable: the rest. */
export const qosClassOf = (pod: Pod): "Guaranteed" | "Burstable" | "BestEffort" => {
  const { containers = [], initContainers = [], resources } = pod.spec ?? {}
  const parts: ReadonlyArray<ResourceRequirements | undefined> =
    resources === undefined ? [...containers, ...initContainers].map(({ resources }) => resources) : [resources]
  let guaranteed = true
  let bestEffort = true
  for (const part of parts) {
    for (const name of counted) {
      const limit = amountOf(part?.limits, name)
      const request = amountOf(part?.requests, name)
      if (limit !== undefined || request !== undefined) bestEffort = false
      if (limit === undefined || (request !== undefined && compareQuantity(request, limit) !== 0)) guaranteed = false
    }
  }
  if (bestEffort) return "BestEffort"
  return guaranteed ? "Guaranteed" : "Burstable"
}
