/** Validation of RuntimeClass and ControllerRevision. @module */
import { duplicate, required } from "../field-error.ts"
import { isDns1123Label } from "../name.ts"
import type { ControllerRevision } from "../types/apps-v1.ts"
import type { RuntimeClass } from "../types/node-v1.ts"
import { type Findings, type Loose, labels } from "./findings.ts"
import { validateToleration } from "./placement.ts"
import { validateResources } from "./resources.ts"
import { frozen, notNegative, text, type UpdateCheck } from "./rule.ts"

/** A RuntimeClass, new or changed. */
export function* validateRuntimeClass({ handler, overhead, scheduling }: Loose<RuntimeClass>): Findings {
  yield* text(isDns1123Label)(handler, "handler")
  // Upstream reads the overhead as limits, and its paths say so.
  if (overhead !== undefined) yield* validateResources({ limits: overhead.podFixed ?? {} }, "overhead")
  if (scheduling === undefined) return
  yield* labels("scheduling.nodeSelector", scheduling.nodeSelector)
  const seen = new Set<string>()
  for (const [i, toleration] of (scheduling.tolerations ?? []).entries()) {
    const at = `scheduling.tolerations[${i}]`
    yield* validateToleration(toleration, at)
    const key = JSON.stringify(Object.entries(toleration).sort())
    if (seen.has(key)) yield duplicate(at, toleration)
    seen.add(key)
  }
}

/** Running pods rely on the handler. */
export const validateRuntimeClassUpdate: UpdateCheck = frozen("handler")

/** A ControllerRevision, new or changed. */
export function* validateRevision({ data, revision }: Loose<ControllerRevision>): Findings {
  if (data === undefined) yield required("data", "data is mandatory")
  yield* notNegative(revision, "revision")
}

/** What was is for life; the number may change when the revision is used again. */
export const validateRevisionUpdate: UpdateCheck = frozen("data")
