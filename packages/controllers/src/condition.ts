/** Conditions of a status list: one of each type, in the order they came. @module */

interface Condition {
  readonly type: string
  readonly status: string
}

/** The condition of a type, or undefined. */
export const conditionOf = <C extends Condition>(conditions: ReadonlyArray<C> | undefined, type: string): C | undefined =>
  conditions?.find((condition) => condition.type === type)

/** The list with the condition of this type replaced; the new one goes last, as upstream's controllers order them. */
export const withCondition = <C extends Condition>(conditions: ReadonlyArray<C>, condition: C): ReadonlyArray<C> => [
  ...conditions.filter(({ type }) => type !== condition.type),
  condition
]

/** The list without conditions of this type. */
export const withoutCondition = <C extends Condition>(conditions: ReadonlyArray<C>, type: string): ReadonlyArray<C> =>
  conditions.filter((condition) => condition.type !== type)
