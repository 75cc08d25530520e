/**
 * What was found out about pods before: they are made by the thousand after few templates. Only about pods, since none of their own
 * rules looks at metadata, and a new pod has no status but what the server gives it.
 * @module
 */
import type { KubernetesObject } from "../resource.ts"
import { restTextOf } from "../rest-text.ts"

/** How many are remembered, and how long their texts may be. */
const limit = 1024
const lengthLimit = 16_384

/** Pods of which one thing is known. */
export interface KnownPods {
  readonly has: (pod: KubernetesObject) => boolean
  readonly add: (pod: KubernetesObject) => void
}

const remembering = (): KnownPods => {
  const known = new Set<string>()
  return {
    has: (pod) => known.has(restTextOf(pod)),
    add: (pod) => {
      const text = restTextOf(pod)
      if (text.length > lengthLimit) return
      if (known.size === limit) known.clear()
      known.add(text)
    }
  }
}

/** Nothing is wrong with them, their metadata aside. */
export const finePods: KnownPods = remembering()

/** There is nothing to warn of, their annotations aside. */
export const plainPods: KnownPods = remembering()
