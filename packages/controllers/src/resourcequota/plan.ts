/** What the objects of a namespace count for against one quota. Pure. @module */
import {
  type Amounts,
  addAmounts,
  countsFor,
  inScope,
  isCounted,
  type KubernetesObject,
  only,
  type Resource,
  usageOf
} from "@tsukube/api"
import type { ResourceQuota } from "@tsukube/api/core-v1"

/** The objects of one resource in the quota's namespace. */
export interface Counted {
  readonly resource: Resource
  readonly objects: ReadonlyArray<KubernetesObject>
}

/** The resources whose objects a quota may count. */
export const resourcesOf = ({ spec }: ResourceQuota, all: ReadonlyArray<Resource>): ReadonlyArray<Resource> => {
  const names = Object.keys(spec?.hard ?? {})
  return all.filter((resource) => isCounted(resource) && names.some((name) => countsFor(resource, name)))
}

/** The status to write; undefined when the current one is right. */
export const planQuota = (
  quota: ResourceQuota,
  counted: ReadonlyArray<Counted>,
  now: number
): ResourceQuota["status"] | undefined => {
  const hard = quota.spec?.hard ?? {}
  let used: Amounts = Object.fromEntries(Object.keys(hard).map((name) => [name, "0"]))
  for (const { resource, objects } of counted) {
    for (const object of objects) {
      if (inScope(quota, resource, object)) used = addAmounts(used, only(usageOf(resource, object, now), Object.keys(hard)))
    }
  }
  return same(quota.status?.hard, hard) && same(quota.status?.used, used) ? undefined : { hard, used }
}

const same = (a: Amounts | undefined, b: Amounts): boolean =>
  a !== undefined &&
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(b).every(([name, amount]) => a[name] === amount)
