/** One text per meaning: objects that differ only in what Kubernetes treats as absent compare equal. @module */

/** Maps that the API cannot tell from absent ones; other empty objects, such as `emptyDir: {}`, mean something. */
const emptyMeansAbsent = new Set([
  "labels",
  "annotations",
  "nodeSelector",
  "metadata",
  "matchLabels",
  "limits",
  "requests",
  "overhead"
])

const isAbsent = (key: string, value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) && value.length === 0) ||
  (emptyMeansAbsent.has(key) && value !== null && typeof value === "object" && Object.keys(value).length === 0)

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== "object") return value
  const entries: Array<[string, unknown]> = []
  for (const key of Object.keys(value).sort()) {
    const inner = sorted((value as Record<string, unknown>)[key])
    if (!isAbsent(key, inner)) entries.push([key, inner])
  }
  return Object.fromEntries(entries)
}

/** JSON with sorted keys and without what means absent. */
export const canonical = (value: unknown): string => JSON.stringify(sorted(value)) ?? "null"

/** True when both mean the same to the API. */
export const sameMeaning = (left: unknown, right: unknown): boolean => left === right || canonical(left) === canonical(right)
