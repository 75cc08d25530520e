/** Where a definition lives in the generated code: file and interface name. @module */

/** Definitions that are plain values, not objects of a group: they live beside ObjectMeta. */
const shared = new Set([
  "io.k8s.apimachinery.pkg.api.resource",
  "io.k8s.apimachinery.pkg.runtime",
  "io.k8s.apimachinery.pkg.util.intstr",
  "io.k8s.apimachinery.pkg.version"
])

/** `io.k8s.api.core.v1.Pod` → `core-v1`. */
export const fileOf = (definition: string): string => {
  const prefix = definition.slice(0, definition.lastIndexOf("."))
  if (shared.has(prefix)) return "meta-v1"
  const [group = "", version = ""] = prefix.split(".").slice(-2)
  return `${group === "apiserverinternal" ? "internal" : group}-${version}`
}

/** `io.k8s.api.core.v1.Pod` → `Pod`. */
export const nameOf = (definition: string): string => definition.slice(definition.lastIndexOf(".") + 1)

/** `#/definitions/io.k8s.api.core.v1.Pod` → `io.k8s.api.core.v1.Pod`. */
export const targetOf = (ref: string): string => ref.slice("#/definitions/".length)
