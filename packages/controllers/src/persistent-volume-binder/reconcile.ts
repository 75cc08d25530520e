/** Brings claims and the volumes that are there together; it makes none (upstream's persistentvolume-binder-controller without provisioning). @module */
import {
  type ObjectReference,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type PersistentVolumeClaimStatus,
  persistentvolumeclaims,
  persistentvolumes
} from "@tsukube/api/core-v1"
import { storageclasses } from "@tsukube/api/storage-v1"
import { runController } from "@tsukube/reconciler"
import { Clock, Effect } from "effect"
import { sameMeaning } from "../canonical.ts"
import { allSynced, type Controller, type ControllerContext, listen, withKind } from "../controller.ts"
import { unlessGone } from "../failure.ts"
import { annotationOf, formatTime, isDeleting, nameOf, namespaceOf, queueKeyOf, uidOf } from "../object.ts"
import { bindCompleted, boundByController, type ClaimPlan, planClaim, provisionerAnnotations, type Remark } from "./claim.ts"
import { classOf } from "./match.ts"
import { planVolume, type VolumePlan } from "./volume.ts"

const referenceTo = (claim: PersistentVolumeClaim): ObjectReference => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  namespace: namespaceOf(claim),
  name: nameOf(claim),
  uid: uidOf(claim),
  ...(claim.metadata?.resourceVersion === undefined ? {} : { resourceVersion: claim.metadata.resourceVersion })
})

const claimKeyOf = ({ spec }: PersistentVolume): string | undefined =>
  spec?.claimRef?.name === undefined ? undefined : `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name}`

const annotated = <T extends PersistentVolume | PersistentVolumeClaim>(
  object: T,
  annotations: Readonly<Record<string, string>>
): T => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata?.annotations, ...annotations } }
})

const run = (context: ControllerContext) =>
  Effect.gen(function* () {
    const { client, informers } = context
    const claims = informers.of(persistentvolumeclaims)
    const volumes = informers.of(persistentvolumes)
    const classes = informers.of(storageclasses)
    const recorder = yield* context.recorder("persistentvolume-controller")

    const tell = (object: PersistentVolumeClaim, { type, reason, message }: Remark): void =>
      recorder.event(withKind(object, persistentvolumeclaims), type, reason, message)

    const writeClaimStatus = (claim: PersistentVolumeClaim, status: PersistentVolumeClaimStatus) =>
      sameMeaning(claim.status ?? {}, status)
        ? Effect.void
        : Effect.asVoid(unlessGone(client.updateStatus(persistentvolumeclaims, { ...claim, status })))

    /** The volume first: who holds it is decided by one write, and the claim may say so later. */
    const bind = (claim: PersistentVolumeClaim, volume: PersistentVolume) =>
      Effect.gen(function* () {
        const { claimRef } = volume.spec ?? {}
        if (claimRef?.uid !== uidOf(claim)) {
          const held: PersistentVolume = { ...volume, spec: { ...volume.spec, claimRef: referenceTo(claim) } }
          yield* client.update(persistentvolumes, claimRef === undefined ? annotated(held, { [boundByController]: "yes" }) : held)
        }
        const isNamed = claim.spec?.volumeName === nameOf(volume)
        let bound: PersistentVolumeClaim | undefined = claim
        if (!isNamed || annotationOf(claim, bindCompleted) === undefined) {
          const named: PersistentVolumeClaim = { ...claim, spec: { ...claim.spec, volumeName: nameOf(volume) } }
          const marks = { [bindCompleted]: "yes", ...(isNamed ? {} : { [boundByController]: "yes" }) }
          bound = yield* unlessGone(client.update(persistentvolumeclaims, annotated(named, marks)))
        }
        if (bound === undefined) return
        const { accessModes, capacity, volumeAttributesClassName } = volume.spec ?? {}
        yield* writeClaimStatus(bound, {
          ...bound.status,
          phase: "Bound",
          ...(accessModes === undefined ? {} : { accessModes }),
          // A claim that grew keeps what it was told.
          ...(bound.status?.phase === "Bound" || capacity === undefined ? {} : { capacity }),
          ...(volumeAttributesClassName === undefined ? {} : { currentVolumeAttributesClassName: volumeAttributesClassName })
        })
      })

    const actOnClaim = (claim: PersistentVolumeClaim, plan: ClaimPlan) =>
      Effect.gen(function* () {
        if (plan.type === "bind") return yield* bind(claim, plan.volume)
        if (plan.remark !== undefined) tell(claim, plan.remark)
        const phase = plan.type === "lost" ? "Lost" : "Pending"
        if (plan.type === "wait" && plan.provisioner !== undefined) {
          const marks = Object.fromEntries(provisionerAnnotations.map((name) => [name, plan.provisioner ?? ""]))
          if (Object.keys(marks).some((name) => annotationOf(claim, name) !== marks[name]))
            yield* unlessGone(client.update(persistentvolumeclaims, annotated(claim, marks)))
        }
        if (claim.status?.phase !== phase) yield* writeClaimStatus(claim, { ...claim.status, phase })
      })

    const actOnVolume = (volume: PersistentVolume, plan: VolumePlan) =>
      Effect.gen(function* () {
        if (plan.type === "claim") return
        if (plan.type === "unbind") {
          const { claimRef, ...spec } = volume.spec ?? {}
          const { [boundByController]: _, ...annotations } = volume.metadata?.annotations ?? {}
          const { uid: _uid, resourceVersion: _version, ...name } = claimRef ?? {}
          const metadata = { ...volume.metadata, annotations }
          yield* client.update(persistentvolumes, {
            ...volume,
            metadata,
            spec: plan.keepsName ? { ...spec, claimRef: name } : spec
          })
          return
        }
        if (volume.status?.phase === plan.phase) return
        const { message: _, reason: _reason, ...rest } = volume.status ?? {}
        const status = {
          ...rest,
          phase: plan.phase,
          lastPhaseTransitionTime: formatTime(yield* Clock.currentTimeMillis),
          ...(plan.remark === undefined ? {} : { message: plan.remark.message })
        }
        yield* unlessGone(client.updateStatus(persistentvolumes, { ...volume, status }))
        if (plan.remark !== undefined)
          recorder.event(withKind(volume, persistentvolumes), plan.remark.type, plan.remark.reason, plan.remark.message)
      })

    yield* runController({
      name: "persistentvolume-binder-controller",
      ready: allSynced(claims, volumes, classes),
      reconcile: (key) =>
        Effect.gen(function* () {
          const claim = claims.get(key)
          if (claim === undefined || isDeleting(claim)) return
          yield* actOnClaim(claim, planClaim({ claim, volumes: volumes.list(), storageClass: classes.get(classOf(claim)) }))
        }),
      triggers: (enqueue) => {
        const enqueueWaiting = (): void => {
          for (const claim of claims.list()) if (claim.status?.phase !== "Bound") enqueue(queueKeyOf(claim))
        }
        return listen(
          () => claims.on(({ type, object }) => (type === "Delete" ? undefined : enqueue(queueKeyOf(object)))),
          () =>
            volumes.on(({ type, object }) => {
              const key = claimKeyOf(object)
              if (key !== undefined) enqueue(key)
              else if (type !== "Delete" && object.status?.phase === "Available") enqueueWaiting()
            }),
          () => classes.on(({ type }) => (type === "Delete" ? undefined : enqueueWaiting()))
        )
      }
    })
    yield* runController({
      name: "persistentvolume-binder-controller",
      ready: allSynced(claims, volumes, classes),
      reconcile: (key) =>
        Effect.gen(function* () {
          const volume = volumes.get(key)
          if (volume === undefined || isDeleting(volume)) return
          const { namespace = "", name = "", uid } = volume.spec?.claimRef ?? {}
          const cached = claims.get(`${namespace}/${name}`)
          // What is done with the volume of a claim that is gone cannot be undone: the cache may be late.
          const claim =
            name === "" || (cached !== undefined && uidOf(cached) === uid)
              ? cached
              : yield* unlessGone(client.get(persistentvolumeclaims, { namespace, name }))
          yield* actOnVolume(volume, planVolume(volume, claim))
        }),
      triggers: (enqueue) => {
        const heldFor = (key: string): void => {
          for (const volume of volumes.list()) if (claimKeyOf(volume) === key) enqueue(nameOf(volume))
        }
        return listen(
          () => volumes.on(({ type, object }) => (type === "Delete" ? undefined : enqueue(nameOf(object)))),
          () => claims.on(({ object }) => heldFor(queueKeyOf(object)))
        )
      }
    })
  })

/** Upstream's persistentvolume-binder-controller, for volumes that people or provisioners make. */
export const persistentVolumeBinder: Controller = { name: "persistentvolume-binder-controller", run }
