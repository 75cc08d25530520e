/** Conditions: a list in `status` with at most one entry a type. @module */

/** What conditions of every kind have in common. */
export interface ConditionFields {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

/** The condition of a type, if it was ever set. */
export const findCondition = <C extends ConditionFields>(conditions: ReadonlyArray<C> | undefined, type: string): C | undefined =>
  conditions?.find((condition) => condition.type === type)

/** Whether the condition of a type is `"True"`. */
export const isConditionTrue = (conditions: ReadonlyArray<ConditionFields> | undefined, type: string): boolean =>
  findCondition(conditions, type)?.status === "True"

/**
 * Sets the condition of its type: what the one before said besides is gone. `lastTransitionTime` moves only when `status` changes; `now` is RFC 3339 text.
 * Returns the list it was given when nothing changes, so that callers can compare by identity.
 */
export const setCondition = <C extends ConditionFields>(
  conditions: ReadonlyArray<C> | undefined,
  condition: C,
  now: string
): ReadonlyArray<C> => {
  const previous = findCondition(conditions, condition.type)
  if (conditions === undefined || previous === undefined) {
    return [...(conditions ?? []), { ...condition, lastTransitionTime: condition.lastTransitionTime ?? now }]
  }
  const lastTransitionTime =
    previous.status === condition.status ? previous.lastTransitionTime : (condition.lastTransitionTime ?? now)
  const next: C = { ...condition, ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }) }
  const keys = [...new Set([...Object.keys(next), ...Object.keys(previous)])] as ReadonlyArray<keyof C>
  const unchanged = keys.every((key) => Object.is(next[key], previous[key]))
  return unchanged ? conditions : conditions.map((other) => (other === previous ? next : other))
}
