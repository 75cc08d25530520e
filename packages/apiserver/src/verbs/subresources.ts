/** The parts of objects that have verbs of their own, by `plural.group/part`, and resources that are only spoken to, by `plural.group`. @module */
import type { Handler } from "../dispatch.ts"
import { bindPod } from "./binding.ts"
import { getComponentStatus, listComponentStatuses } from "./component-statuses.ts"
import { evictPod } from "./eviction.ts"
import { get } from "./get.ts"
import { approval, ephemeralContainers, finalize, resize } from "./merged.ts"
import { patch } from "./patch.ts"
import { changeScale, getScale } from "./scale.ts"
import { createToken } from "./token.ts"
import { type Change, update } from "./update.ts"

type Verbs = Readonly<Record<string, Handler>>

/** A part that reads as the whole object and is written by its own rule. */
const merged = (mergeOf: (serving: Parameters<Handler>[0]) => NonNullable<Change["merge"]>): Verbs => ({
  get,
  update: (serving, context, served) => update(serving, context, served, mergeOf(serving)),
  patch: (serving, context, served) => patch(serving, context, served, mergeOf(serving))
})

const scale: Verbs = { get: getScale, update: changeScale, patch: changeScale }

/** Status and connections are led elsewhere. */
export const subresources: Readonly<Record<string, Verbs>> = {
  "certificatesigningrequests.certificates.k8s.io/approval": merged(approval),
  "deployments.apps/scale": scale,
  "namespaces./finalize": merged(() => finalize),
  "pods./binding": { create: bindPod },
  "pods./ephemeralcontainers": merged(() => ephemeralContainers),
  "pods./eviction": { create: evictPod },
  "pods./resize": merged(() => resize),
  "replicasets.apps/scale": scale,
  "replicationcontrollers./scale": scale,
  "serviceaccounts./token": { create: createToken },
  "statefulsets.apps/scale": scale
}

/** Resources whose objects are not stored. */
export const virtual: Readonly<Record<string, Verbs>> = {
  "bindings.": { create: bindPod },
  "componentstatuses.": { get: getComponentStatus, list: listComponentStatuses }
}
