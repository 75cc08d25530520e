/** Validation of selectors inside specs. @module */
import { forbidden, invalid, required } from "../field-error.ts"
import { isLabelValue, isQualifiedName } from "../name.ts"
import type { LabelSelector } from "../types/meta-v1.ts"
import { breaks, type Findings, type Loose, labels } from "./findings.ts"

/** A label selector; absent ones are the caller's matter. */
export function* validateLabelSelector(selector: Loose<LabelSelector> | undefined, path: string): Findings {
  yield* labels(`${path}.matchLabels`, selector?.matchLabels)
  for (const [i, { key = "", operator = "", values = [] }] of (selector?.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${i}]`
    yield* validateValues(operator, values, at)
    yield* breaks(`${at}.key`, key, isQualifiedName(key))
    for (const [j, value] of values.entries()) yield* breaks(`${at}.values[${j}]`, value, isLabelValue(value))
  }
}

function* validateValues(operator: string, values: ReadonlyArray<string>, path: string): Findings {
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) yield required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) yield forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
  } else {
    yield invalid(`${path}.operator`, operator, "not a valid selector operator")
  }
}

/** The requirements of a node selector, which also compares numbers. */
export function* validateNodeRequirement(
  {
    key = "",
    operator = "",
    values = []
  }: { key?: string | undefined; operator?: string | undefined; values?: ReadonlyArray<string> | undefined },
  path: string
): Findings {
  if (operator === "Gt" || operator === "Lt") {
    if (values.length !== 1) yield required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'")
  } else {
    yield* validateValues(operator, values, path)
  }
  yield* breaks(`${path}.key`, key, isQualifiedName(key))
}
