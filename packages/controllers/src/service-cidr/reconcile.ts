/** Makes new ServiceCIDRs usable, and lets deleted ones go once nothing depends on them. @module */
import { ipaddresses, servicecidrs } from "@tsukube/api/networking-v1"
import { runController } from "@tsukube/reconciler"
import { Clock, Effect } from "effect"
import { allSynced, type Controller, type ControllerContext, listen } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { isDeleting, nameOf } from "../object.ts"
import { isNeeded, planStatus, serviceCidrFinalizer } from "./plan.ts"

/** A Service that claimed an address just before the mark of deletion was seen must show itself first. */
const settleMs = 1000

const run = ({ client, informers }: ControllerContext) =>
  Effect.suspend(() => {
    const cidrs = informers.of(servicecidrs)
    const addresses = informers.of(ipaddresses)

    const writeFinalizers = (name: string, resourceVersion: string | undefined, finalizers: ReadonlyArray<string>) =>
      unlessGone(client.patch(servicecidrs, { name }, { type: "merge", body: { metadata: { resourceVersion, finalizers } } }))

    const reconcile = (name: string) =>
      Effect.gen(function* () {
        const cidr = yield* unlessGone(client.get(servicecidrs, { name }))
        if (cidr === undefined) return undefined
        const { finalizers = [], resourceVersion } = cidr.metadata ?? {}
        const now = yield* Clock.currentTimeMillis
        const has = finalizers.includes(serviceCidrFinalizer)
        if (!isDeleting(cidr) && !has) {
          yield* writeFinalizers(name, resourceVersion, [...finalizers, serviceCidrFinalizer])
          return { afterMs: 1 }
        }
        if (isDeleting(cidr)) {
          if (!has) return undefined
          const since = now - Date.parse(cidr.metadata?.deletionTimestamp ?? "")
          const all = (yield* client.list(servicecidrs)).items
          const needed = isNeeded(cidr, all, (yield* client.list(ipaddresses)).items)
          if (!needed && since < settleMs) return { afterMs: settleMs }
          if (!needed) {
            const rest = finalizers.filter((finalizer) => finalizer !== serviceCidrFinalizer)
            yield* writeFinalizers(name, resourceVersion, rest)
            return undefined
          }
        }
        const status = planStatus(cidr, now)
        if (status !== undefined) {
          yield* unlessGone(client.update(servicecidrs, { ...cidr, status }, { subresource: "status" }))
        }
        return undefined
      })

    const enqueueDeleted = (enqueue: (key: string) => void): void => {
      for (const cidr of cidrs.list()) if (isDeleting(cidr)) enqueue(nameOf(cidr))
    }

    return runController({
      name: "service-cidr-controller",
      ready: allSynced(cidrs, addresses),
      reconcile,
      triggers: (enqueue) =>
        listen(
          () =>
            cidrs.on(({ type, object }) => {
              if (type !== "Delete") enqueue(nameOf(object))
              enqueueDeleted(enqueue)
            }),
          () => addresses.on(({ type }) => (type === "Delete" ? enqueueDeleted(enqueue) : undefined))
        )
    })
  })

/** Upstream's service-cidr-controller. */
export const serviceCidrController: Controller = { name: "service-cidr-controller", run }
