/** A store whose calls are counted and timed. @module */
import type { Store } from "@tsukube/store"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { folderOfKey } from "../stored.ts"
import type { Meter } from "./meter.ts"

const types = new Map<string, string>()

/** `/registry/apps/deployments/…` is of type `deployments.apps`. There are as many as resources, since nobody else writes here. */
const typeOf = (key: string): string => {
  const folder = folderOfKey(key) ?? ""
  const known = types.get(folder)
  if (known !== undefined) return known
  const [, , group = "", plural = ""] = folder.split("/")
  const type = group === "" || group === "core" ? plural : `${plural}.${group}`
  types.set(folder, type)
  return type
}

/** The same store; what it does shows in the meter. */
export const measuredStore = (store: Store, meter: Meter): Store => {
  const measured = <A, E>(operation: string, type: string, call: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      const start = performance.now()
      return Effect.onExit(call, (exit) => {
        meter.stored(operation, type, (performance.now() - start) / 1000, isFailure(exit))
        return Effect.void
      })
    })
  return {
    ...store,
    get: (key) => measured("get", typeOf(key), store.get(key)),
    list: (range, options) => measured("list", typeOf(range.prefix), store.list(range, options)),
    commit: (writes) => {
      const [first] = writes
      const operation = first?.value === undefined ? "delete" : first.expected === 0n ? "create" : "update"
      return measured(operation, typeOf(first?.key ?? ""), store.commit(writes))
    }
  }
}

/** A conflict is an answer and no failure of the store. */
const isFailure = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) &&
  exit.cause.reasons.some(
    (reason) => reason._tag !== "Fail" || (reason.error as { readonly _tag?: unknown })._tag === "StoreError"
  )
