/** Takes the steps of a StatefulSet's plan, and tells about them. @module */
import type { StatefulSet } from "@tsukube/api/apps-v1"
import { type PersistentVolumeClaim, type Pod, persistentvolumeclaims, pods } from "@tsukube/api/core-v1"
import type { ClientError, Informer } from "@tsukube/client"
import { Effect } from "effect"
import { isAlreadyExists, unlessGone } from "../failure.ts"
import { isDeleting, nameOf, namespaceOf } from "../object.ts"
import { createPod, deletePod, type Failure, inBatches, type PodHands, type PodWords } from "../pod-writes.ts"
import { claimsOf, ownersAfter } from "./claims.ts"
import { identityLabels, replicasOf, startOf, volumesOf } from "./identity.ts"
import type { Plan, Step } from "./plan.ts"

/** How events name a pod of the set. */
export const wordsFor = (set: StatefulSet): PodWords => {
  const say = (verb: string, name: string): string => `${verb} Pod ${name} in StatefulSet ${nameOf(set)}`
  return {
    created: (name) => `${say("create", name)} successful`,
    notCreated: (name, message) => `${say("create", name)} failed error: ${message}`,
    deleted: (name) => `${say("delete", name)} successful`,
    notDeleted: (name, message) => `${say("delete", name)} failed error: ${message}`
  }
}

/** What the steps need. */
export interface StatefulHands extends PodHands {
  readonly set: StatefulSet
  readonly claims: Pick<Informer<PersistentVolumeClaim>, "get">
}

const failed = (message: string): Failure => ({ reason: "FailedCreate", message })

const orMessage = (effect: Effect.Effect<unknown, ClientError>): Effect.Effect<string | undefined> =>
  effect.pipe(
    Effect.as<string | undefined>(undefined),
    Effect.catch((error) => Effect.succeed<string | undefined>(error.message))
  )

const place = (claim: PersistentVolumeClaim) => ({ namespace: namespaceOf(claim), name: nameOf(claim) })

const createClaim = ({ client, report, set }: StatefulHands, claim: PersistentVolumeClaim, pod: Pod) =>
  Effect.gen(function* () {
    const made = yield* Effect.result(client.create(persistentvolumeclaims, claim))
    const about = `Claim ${nameOf(claim)} Pod ${nameOf(pod)} in StatefulSet ${nameOf(set)}`
    if (made._tag === "Success") {
      report("Normal", "SuccessfulCreate", `create ${about} success`)
      return undefined
    }
    if (!isAlreadyExists(made.failure)) report("Warning", "FailedCreate", `create ${about} failed error: ${made.failure.message}`)
    return `failed to create PVC ${nameOf(claim)}: ${made.failure.message}`
  })

/** Makes the claims that are missing and gives all of them the owner that the set's policy wants; the first trouble is returned. */
const settleClaims = (hands: StatefulHands, { pod, ordinal }: Step): Effect.Effect<string | undefined> =>
  Effect.gen(function* () {
    const { client, set, claims } = hands
    const isCondemned = ordinal < startOf(set) || ordinal >= startOf(set) + replicasOf(set)
    for (const wanted of claimsOf(set, ordinal)) {
      const found = claims.get(`${namespaceOf(wanted)}/${nameOf(wanted)}`)
      // Pods that are to go make no claims any more.
      if (found === undefined && isCondemned) continue
      if (found !== undefined && isDeleting(found) && !isCondemned) return `pvc ${nameOf(found)} is being deleted`
      const ownerReferences = ownersAfter(found ?? wanted, set, pod, isCondemned)
      if (found === undefined) {
        const metadata = { ...wanted.metadata, ...(ownerReferences === undefined ? {} : { ownerReferences }) }
        const trouble = yield* createClaim(hands, { ...wanted, metadata }, pod)
        if (trouble !== undefined) return trouble
      } else if (ownerReferences !== undefined) {
        const { resourceVersion } = found.metadata ?? {}
        const body = { metadata: { resourceVersion, ownerReferences } }
        const patched = unlessGone(client.patch(persistentvolumeclaims, place(found), { type: "merge", body }))
        const trouble = yield* orMessage(patched)
        if (trouble !== undefined) return `could not update claim ${nameOf(found)} for delete policy ownerRefs: ${trouble}`
      }
    }
    return undefined
  })

const repair = (hands: StatefulHands, step: Step): Effect.Effect<Failure | undefined> =>
  Effect.gen(function* () {
    const { client, set, report } = hands
    const { pod, ordinal } = step
    const about = `update Pod ${nameOf(pod)} in StatefulSet ${nameOf(set)}`
    const labels = { ...pod.metadata?.labels, ...identityLabels(set, ordinal) }
    const spec = { containers: [], ...pod.spec, volumes: volumesOf(set, ordinal, pod.spec?.volumes ?? []) }
    const updated = { ...pod, metadata: { ...pod.metadata, labels }, spec }
    const trouble = (yield* settleClaims(hands, step)) ?? (yield* orMessage(unlessGone(client.update(pods, updated))))
    if (trouble === undefined) report("Normal", "SuccessfulUpdate", `${about} successful`)
    else report("Warning", "FailedUpdate", `${about} failed error: ${trouble}`)
    return trouble === undefined ? undefined : failed(trouble)
  })

const takeStep = (hands: StatefulHands, step: Step): Effect.Effect<Failure | undefined> => {
  const { pod, type } = step
  if (type === "delete") return deletePod(hands, pod)
  if (type === "repair") return repair(hands, step)
  return Effect.gen(function* () {
    const trouble = yield* settleClaims(hands, step)
    if (trouble !== undefined) {
      if (type === "create") hands.report("Warning", "FailedCreate", hands.words?.notCreated(nameOf(pod), trouble) ?? trouble)
      return failed(trouble)
    }
    return type === "create" ? yield* createPod(hands, pod) : undefined
  })
}

/** Takes all steps, phase by phase, up to the first phase with a failure. */
export const takeSteps = (hands: StatefulHands, { phases, isParallel }: Plan): Effect.Effect<Failure | undefined> =>
  Effect.gen(function* () {
    for (const steps of phases) {
      if (isParallel) {
        const failure = yield* inBatches(steps, (step) => takeStep(hands, step))
        if (failure !== undefined) return failure
        continue
      }
      for (const step of steps) {
        const failure = yield* takeStep(hands, step)
        if (failure !== undefined) return failure
      }
    }
    return undefined
  })
