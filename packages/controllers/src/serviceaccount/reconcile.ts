/** Gives every namespace its default service account, again when it is deleted. @module */
import { namespaces, serviceaccounts } from "@tsukube/api/core-v1"
import { runController } from "@tsukube/reconciler"
import { Effect } from "effect"
import { allSynced, type Controller, type ControllerContext, listen } from "../controller.ts"
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from "../failure.ts"
import { nameOf, namespaceOf } from "../object.ts"
import { missingAccounts } from "./plan.ts"

const run = ({ client, informers }: ControllerContext) =>
  Effect.suspend(() => {
    const cache = informers.of(namespaces)
    const accounts = informers.of(serviceaccounts)
    return runController({
      name: "serviceaccount-controller",
      ready: allSynced(cache, accounts),
      reconcile: (key) =>
        Effect.gen(function* () {
          const namespace = cache.get(key)
          if (namespace === undefined) return undefined
          for (const account of missingAccounts(namespace, (name) => accounts.get(name) !== undefined)) {
            const create = Effect.asVoid(client.create(serviceaccounts, account))
            yield* Effect.catchIf(
              create,
              (error) => isAlreadyExists(error) || isNamespaceTerminating(error) || isNotFound(error),
              () => Effect.void
            )
          }
          return undefined
        }),
      triggers: (enqueue) =>
        listen(
          () => cache.on(({ type, object }) => (type === "Delete" ? undefined : enqueue(nameOf(object)))),
          () => accounts.on(({ type, object }) => (type === "Delete" ? enqueue(namespaceOf(object)) : undefined))
        )
    })
  })

/** Upstream's serviceaccount-controller. */
export const serviceAccountController: Controller = { name: "serviceaccount-controller", run }
