/** Lets tasks of one name go one after the other, in the order in which they came. @module */
import type { Serving } from "./serving.ts"

const last = new WeakMap<Serving, Map<string, Promise<unknown>>>()

/** Runs the task once those before it are done, however they ended. */
export const inTurn = <A>(serving: Serving, name: string, task: () => Promise<A>): Promise<A> => {
  const turns = last.get(serving) ?? new Map<string, Promise<unknown>>()
  last.set(serving, turns)
  const before = turns.get(name) ?? Promise.resolve()
  const mine = before.then(task, task)
  turns.set(name, mine)
  const leave = () => {
    if (turns.get(name) === mine) turns.delete(name)
  }
  mine.then(leave, leave)
  return mine
}
