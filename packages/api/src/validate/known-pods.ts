/**
 * What of pods was found to be fine before: they are made by the thousand after few templates. Only of pods, since none of their own
 * rules looks at metadata, and a new pod has no status of its own.
 * @module
 */
import type { KubernetesObject } from "../resource.ts"

/** How many are remembered, and how long they may be. */
const limit = 1024
const lengthLimit = 16_384

const known = new Set<string>()

/** What the rules of pods look at, as text; `undefined` when that is not worth remembering. */
export const textOfPod = (pod: KubernetesObject): string | undefined => {
  const { metadata: _, ...rest } = pod
  const text = JSON.stringify(rest)
  return text.length > lengthLimit ? undefined : text
}

/** Whether a pod with this text had nothing wrong with it. */
export const isKnownPod = (text: string): boolean => known.has(text)

/** Remembers that nothing is wrong with such pods. */
export const rememberPod = (text: string): void => {
  if (known.size === limit) known.clear()
  known.add(text)
}
