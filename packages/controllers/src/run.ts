/** Starts controllers on one client and one set of caches. @module */
import type { Client, Informers } from "@tsukube/client"
import { makeRecorder } from "@tsukube/reconciler"
import { Effect, type Scope } from "effect"
import { all } from "./all.ts"
import type { Controller, ControllerOptions } from "./controller.ts"

const chosen = (controllers: ReadonlyArray<Controller>, { only, except = [] }: ControllerOptions): ReadonlyArray<Controller> => {
  const known = new Set(controllers.map(({ name }) => name))
  const unknown = [...(only ?? []), ...except].filter((name) => !known.has(name))
  if (unknown.length > 0) throw new Error(`no controller named ${unknown.join(", ")}; there are ${[...known].join(", ")}`)
  return controllers.filter(({ name }) => (only === undefined || only.includes(name)) && !except.includes(name))
}

/**
 * Runs controllers in the background until the scope closes. They share the caches of `informers`; a name in `only` or
 * `except` that no controller has is a defect.
 */
export const runControllers = (
  client: Client,
  informers: Informers,
  options: ControllerOptions = {},
  controllers: ReadonlyArray<Controller> = all
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const recorder = (component: string) => makeRecorder(client, { component })
    for (const controller of chosen(controllers, options)) yield* controller.run({ client, informers, options, recorder })
  })
