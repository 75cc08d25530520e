/** The admission plugins in upstream's order. @module */
import type { KubernetesObject } from "@tsukube/api"
import type { Write } from "@tsukube/store"
import type { Serving } from "../serving.ts"
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts"
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from "./certificate-signers.ts"
import { defaultIngressClass } from "./default-ingress-class.ts"
import { defaultStorageClass } from "./default-storage-class.ts"
import { defaultTolerationSeconds } from "./default-toleration-seconds.ts"
import { limitRanger } from "./limit-ranger.ts"
import { namespaceLifecycle } from "./namespace-lifecycle.ts"
import { persistentVolumeClaimResize } from "./persistent-volume-claim-resize.ts"
import { priority } from "./priority.ts"
import { rbacEscalation } from "./rbac-escalation.ts"
import { resourceQuota } from "./resource-quota.ts"
import { runtimeClass } from "./runtime-class.ts"
import { serviceAccount } from "./service-account.ts"
import { storageObjectInUseProtection } from "./storage-object-in-use-protection.ts"
import { taintNodesByCondition } from "./taint-nodes-by-condition.ts"

const plugins: ReadonlyArray<AdmissionPlugin> = [
  rbacEscalation,
  namespaceLifecycle,
  limitRanger,
  serviceAccount,
  taintNodesByCondition,
  priority,
  defaultTolerationSeconds,
  defaultStorageClass,
  storageObjectInUseProtection,
  persistentVolumeClaimResize,
  runtimeClass,
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  defaultIngressClass,
  resourceQuota
]

/** Their names, in the order in which they are asked. */
export const pluginNames: ReadonlyArray<string> = plugins.map(({ name }) => name)

/** The plugins of a server that have a part in one step. */
interface ActivePlugins {
  readonly mutating: ReadonlyArray<NonNullable<AdmissionPlugin["mutate"]>>
  readonly validating: ReadonlyArray<NonNullable<AdmissionPlugin["validate"]>>
  readonly claiming: ReadonlyArray<NonNullable<AdmissionPlugin["claim"]>>
}

const active = new WeakMap<Serving, ActivePlugins>()

/** All but those that the server was told to do without. */
const activePlugins = (serving: Serving): ActivePlugins => {
  const known = active.get(serving)
  if (known !== undefined) return known
  const chosen = plugins.filter(({ name }) => serving.options.disableAdmissionPlugins?.includes(name) !== true)
  const made = {
    mutating: chosen.flatMap(({ mutate }) => mutate ?? []),
    validating: chosen.flatMap(({ validate }) => validate ?? []),
    claiming: chosen.flatMap(({ claim }) => claim ?? [])
  }
  active.set(serving, made)
  return made
}

/** The object as all plugins in turn complete it. */
export const admit = async (
  serving: Serving,
  request: AdmissionRequest & { readonly object: KubernetesObject }
): Promise<KubernetesObject> => {
  let { object } = request
  let current = request
  for (const mutate of activePlugins(serving).mutating) {
    const mutated = mutate(serving, current)
    // Most plugins answer at once, and most leave the object alone.
    object = mutated instanceof Promise ? await mutated : mutated
    if (object !== current.object) current = { ...request, object }
  }
  return object
}

/** Throws the first refusal. */
export const checkAdmission = async (serving: Serving, request: AdmissionRequest): Promise<void> => {
  for (const validate of activePlugins(serving).validating) {
    const done = validate(serving, request)
    if (done instanceof Promise) await done
  }
}

/** What all plugins together want written beside the object. */
export const claimAdmission = async (serving: Serving, request: AdmissionRequest): Promise<ReadonlyArray<Write>> => {
  const writes: Array<Write> = []
  for (const claim of activePlugins(serving).claiming) {
    const claimed = claim(serving, request)
    writes.push(...(claimed instanceof Promise ? await claimed : claimed))
  }
  return writes
}
