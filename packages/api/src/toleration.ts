/** Whether a pod puts up with a node's taint. @module */
import type { Taint, Toleration } from "./types/core-v1.ts"

/** True when this toleration covers the taint. */
export const tolerates = (toleration: Toleration, taint: Taint): boolean => {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  const operator = toleration.operator || "Equal"
  if (operator === "Exists") return true
  return operator === "Equal" && Boolean(toleration.key) && (toleration.value ?? "") === (taint.value ?? "")
}

/** True when any of the tolerations covers the taint. */
export const isTolerated = (tolerations: ReadonlyArray<Toleration> | undefined, taint: Taint): boolean =>
  (tolerations ?? []).some((toleration) => tolerates(toleration, taint))
