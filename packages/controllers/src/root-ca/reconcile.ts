/** Publishes the cluster's certificate authority to every namespace. @module */
import { configmaps, namespaces } from "@tsukube/api/core-v1"
import { runController } from "@tsukube/reconciler"
import { Effect } from "effect"
import { allSynced, type Controller, type ControllerContext, listen } from "../controller.ts"
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from "../failure.ts"
import { nameOf, namespaceOf } from "../object.ts"
import { planRootCa, rootCaName } from "./plan.ts"

const run = ({ client, informers, options }: ControllerContext) =>
  Effect.suspend(() => {
    const { rootCa } = options
    if (rootCa === undefined) return Effect.void
    const cache = informers.of(namespaces)
    const published = informers.of(configmaps, { fieldSelector: `metadata.name=${rootCaName}` })
    return runController({
      name: "root-ca-certificate-publisher-controller",
      ready: allSynced(cache, published),
      reconcile: (key) =>
        Effect.gen(function* () {
          const namespace = cache.get(key)
          const wanted =
            namespace === undefined ? undefined : planRootCa(namespace, published.get(`${key}/${rootCaName}`), rootCa)
          if (wanted === undefined) return undefined
          const isNew = wanted.metadata?.resourceVersion === undefined
          const write = Effect.asVoid(isNew ? client.create(configmaps, wanted) : client.update(configmaps, wanted))
          yield* Effect.catchIf(
            write,
            (error) => isAlreadyExists(error) || isNamespaceTerminating(error) || isNotFound(error),
            () => Effect.void
          )
          return undefined
        }),
      triggers: (enqueue) =>
        listen(
          () => cache.on(({ type, object }) => (type === "Delete" ? undefined : enqueue(nameOf(object)))),
          () => published.on(({ type, object }) => (type === "Add" ? undefined : enqueue(namespaceOf(object))))
        )
    })
  })

/** Upstream's root-ca-certificate-publisher-controller; runs only when it is given a certificate. */
export const rootCaController: Controller = { name: "root-ca-certificate-publisher-controller", run }
