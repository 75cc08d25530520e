/** What becomes of an object, given how its owners are. Pure. @module */
import type { OwnerReference } from "@tsukube/api/meta-v1"
import { foregroundFinalizer, type GraphNode, orphanFinalizer } from "./graph.ts"

/** An owner is there; was deleted and waits for its dependents; is gone; or cannot be found by its reference. */
export type OwnerState = "solid" | "waiting" | "absent" | "unknown"

/** A reference and what is behind it. */
export interface Judged {
  readonly reference: OwnerReference
  readonly state: OwnerState
}

/** What to do. */
export type Verdict =
  | { readonly type: "keep" }
  /** Some owners are gone or going, others are not: let go of those. */
  | { readonly type: "release"; readonly owners: ReadonlyArray<OwnerReference> }
  | { readonly type: "delete"; readonly policy: "Foreground" | "Background" | "Orphan" }

/** Decides about an object that is not being deleted itself. */
export const judge = (node: GraphNode, owners: ReadonlyArray<Judged>, hasDependents: boolean): Verdict => {
  const lost = owners.filter(({ state }) => state === "absent" || state === "waiting")
  if (lost.length === 0) return { type: "keep" }
  if (lost.length < owners.length) return { type: "release", owners: lost.map(({ reference }) => reference) }
  if (owners.some(({ state }) => state === "waiting") && hasDependents) return { type: "delete", policy: "Foreground" }
  // What somebody asked for before is honoured.
  if (node.finalizers.includes(orphanFinalizer)) return { type: "delete", policy: "Orphan" }
  if (node.finalizers.includes(foregroundFinalizer)) return { type: "delete", policy: "Foreground" }
  return { type: "delete", policy: "Background" }
}
