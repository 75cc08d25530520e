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
 * Sets the condition of its type. `lastTransitionTime` moves only when `status` changes; `now` is RFC 3339 text.
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
  const next: C = { ...previous, ...condition, ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }) }
  const unchanged = Object.keys(next).every((key) => Object.is(next[key as keyof C], previous[key as keyof C]))
  return unchanged ? conditions : conditions.map((other) => (other === previous ? next : other))
}
