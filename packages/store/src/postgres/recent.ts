/** The values that were told last, so that the database need not be asked for what was before a change. @module */
import type { Commit } from "../hub.ts"
import type { Change } from "../store.ts"

/** UTF-16 units of the values that are kept. */
const defaultUnits = 16 * 1024 * 1024

/** Commits with the values before. */
export interface Completed {
  readonly commits: ReadonlyArray<Commit>
  /** All of those were remembered: what comes next need not be read with them. */
  readonly remembered: boolean
}

/** A bounded memory of values; what was told longest ago goes first. */
export interface RecentValues {
  /** The next commits, in order; undefined, and nothing is remembered of them, when a value before is neither said nor known. */
  readonly complete: (commits: ReadonlyArray<Commit>) => Completed | undefined
  readonly forget: () => void
}

type Value = Pick<Change, "revision" | "value">

/** Remembers about `unitsLimit` UTF-16 units of values. */
export const makeRecentValues = (unitsLimit: number = defaultUnits): RecentValues => {
  /** The one told longest ago comes first. */
  const values = new Map<string, Value>()
  let units = 0

  const drop = (key: string, { value }: Value): void => {
    values.delete(key)
    units -= value?.length ?? 0
  }
  const remember = (key: string, told: Value): void => {
    const known = values.get(key)
    if (known !== undefined) drop(key, known)
    if (told.value === undefined) return
    values.set(key, told)
    units += told.value.length
    for (const [oldest, value] of values) {
      if (units <= unitsLimit) return
      drop(oldest, value)
    }
  }
  return {
    complete: (commits) => {
      /** What these commits say themselves: a later one may change what an earlier one wrote. */
      const told = new Map<string, Value>()
      let remembered = true
      const completed: Array<Commit> = []
      for (const commit of commits) {
        const whole: Array<Change> = []
        for (const change of commit) {
          const before = told.get(change.key) ?? values.get(change.key)
          const known = before?.revision === change.previousRevision ? before.value : undefined
          if (change.previousRevision > 0n && known === undefined) {
            if (change.previous === undefined) return undefined
            remembered = false
          }
          whole.push(known === undefined || change.previous !== undefined ? change : { ...change, previous: known })
          told.set(change.key, { revision: change.revision, value: change.value })
        }
        completed.push(whole)
      }
      for (const [key, value] of told) remember(key, value)
      return { commits: completed, remembered }
    },
    forget: () => {
      values.clear()
      units = 0
    }
  }
}
