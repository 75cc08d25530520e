/** The objects every cluster begins with, and their creation at start. @module */
import { findByKind, type KubernetesObject, pathOf, type StatusError } from "@tsukube/api"
import type { Write } from "@tsukube/store"
import * as Effect from "effect/Effect"
import { reconciled } from "./authorize/rbac-bootstrap.ts"
import { strategyOf } from "./kinds/table.ts"
import { kubernetesService, serviceCidrObject } from "./kubernetes-service.ts"
import { managedFieldsAfter, withEntries } from "./managed-fields.ts"
import { newMetadata, withMetadata } from "./object-meta.ts"
import { readPath } from "./paths.ts"
import type { RequestContext, UserInfo } from "./request.ts"
import { defaulted } from "./rules.ts"
import { type Served, servedOf } from "./served.ts"
import { type Serving, timestamp } from "./serving.ts"
import { keyOf, type StoredObject, storedText } from "./stored.ts"
import { hasStatus, withoutStatus } from "./strategies/strategy.ts"
import { createObject } from "./verbs/create.ts"
import { decideUpdate } from "./verbs/update.ts"
import { changeStored } from "./write.ts"

/** Who writes what the server needs by itself. */
const manager = "kube-apiserver"
const self: UserInfo = { name: "system:apiserver", groups: ["system:masters"] }

const namespaceOf = (name: string): KubernetesObject => ({ kind: "Namespace", apiVersion: "v1", metadata: { name } })

const namespaces = ["default", "kube-system", "kube-public", "kube-node-lease"].map(namespaceOf)

const priorityClass = (name: string, value: number, description: string): KubernetesObject =>
  Object.assign({ kind: "PriorityClass", apiVersion: "scheduling.k8s.io/v1", metadata: { name } }, { value, description })

const priorityClasses = [
  priorityClass(
    "system-cluster-critical",
    2_000_000_000,
    "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."
  ),
  priorityClass(
    "system-node-critical",
    2_000_001_000,
    "Used for system critical pods that must not be moved from their current node."
  )
]

const systemObjects = ({ options, parts, now }: Serving): ReadonlyArray<KubernetesObject> => [
  ...namespaces,
  ...priorityClasses,
  serviceCidrObject(options, timestamp(now())),
  kubernetesService(options),
  ...parts.bootstrap
]

/** Starts of several servers at the same moment: each round one of them has written everything. */
const attemptLimit = 30
const freshWithinMs = 10_000

/**
 * Creates what is missing, all of it in one commit, so that nobody ever sees half of it; brings up to date what is there. Another
 * server may do the same at the same time.
 */
export const createSystemObjects = async (serving: Serving): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    const objects = Map.groupBy(systemObjects(serving), (object) =>
      storedOf(serving, object) === undefined ? "missing" : "there"
    )
    const missing = objects.get("missing") ?? []
    if (missing.length > 0 && !(await commitAll(serving, missing))) {
      if (attempt === attemptLimit)
        throw new Error("the first objects of the cluster cannot be written: others write them again and again")
      await serving.cache.fresh(freshWithinMs)
      continue
    }
    await Promise.all((objects.get("there") ?? []).map((object) => createMissing(serving, object)))
    return
  }
}

/** False: somebody else wrote one of them first. */
const commitAll = async (serving: Serving, objects: ReadonlyArray<KubernetesObject>): Promise<boolean> => {
  const writes: Array<Write> = []
  for (const object of objects) writes.push(...(await writesOf(serving, object)))
  return Effect.runPromise(
    serving.cache.store.commit(writes).pipe(
      Effect.as(true),
      Effect.catchTag("Conflict", () => Effect.succeed(false))
    )
  )
}

/**
 * What a POST of one of these objects writes. Nobody has to be asked whether the server may write its own, nor whether they are
 * valid: that a client may send each of them is tested.
 */
const writesOf = async (serving: Serving, object: KubernetesObject): Promise<ReadonlyArray<Write>> => {
  const { served, key } = targetOf(object)
  const strategy = strategyOf(served.stored)
  const now = serving.now()
  const { namespace = "" } = object.metadata ?? {}
  const metadata = newMetadata(object, { namespace, now, generation: strategy.generation === true })
  const bare = hasStatus(served.stored) && strategy.keepsStatus !== true ? withoutStatus(object) : object
  const complete = defaulted(withMetadata(bare, metadata))
  const entries = managedFieldsAfter(served, { before: undefined, after: complete, manager, subresource: "", now })
  const owned = withEntries(complete, entries)
  const prepared = strategy.create?.(owned, { now, user: self }) ?? owned
  const claimed = (await strategy.claim?.(serving, prepared, undefined)) ?? { object: prepared, also: [] }
  return [{ key, value: storedText(claimed.object), expected: 0n }, ...claimed.also]
}

const storedOf = (serving: Serving, object: KubernetesObject): StoredObject | undefined => {
  const { served, key } = targetOf(object)
  return serving.cache.bucket(served.folder).objects.get(key)
}

const targetOf = (object: KubernetesObject): { readonly served: Served; readonly key: string } => {
  const resource = findByKind(object.apiVersion ?? "", object.kind ?? "")
  if (resource === undefined) throw new Error(`no resource for ${object.kind} in ${object.apiVersion}`)
  const served = servedOf(resource)
  const { namespace = "", name = "" } = object.metadata ?? {}
  return { served, key: keyOf(served.stored, namespace, name) }
}

/** The request by which a client would create it. */
const contextOf = ({ resource }: Served, { metadata }: KubernetesObject): RequestContext => {
  const url = new URL(pathOf(resource, { namespace: metadata?.namespace ?? "" }), "http://localhost")
  const request = new Request(url, { method: "POST" })
  return { request, url, info: readPath("POST", url), user: self, connection: undefined, warnings: [] }
}

/** Creates one object as the server itself; a role or binding that is there gets what it lacks. */
const createMissing = async (serving: Serving, object: KubernetesObject): Promise<void> => {
  const { served, key } = targetOf(object)
  const context = contextOf(served, object)
  const stored = serving.cache.bucket(served.folder).objects.get(key)
  if (stored !== undefined) {
    if (reconciled(object, stored.object) === undefined) return
    await changeStored(serving, served, key, (current) =>
      decideUpdate(serving, context, served, {
        object: reconciled(object, current.object) ?? current.object,
        current,
        manager,
        dryRun: false
      })
    )
    return
  }
  try {
    await createObject(serving, context, served, object, {
      dryRun: false,
      fieldManager: manager,
      fieldValidation: "Ignore"
    })
  } catch (thrown) {
    if ((thrown as StatusError).reason !== "AlreadyExists") throw thrown
  }
}

/** Creates one object, or brings the one that is there into its form. */
export const createOrReplace = async (serving: Serving, object: KubernetesObject): Promise<void> => {
  await createMissing(serving, object)
  const { served, key } = targetOf(object)
  const context = contextOf(served, object)
  await changeStored(serving, served, key, (current) =>
    decideUpdate(serving, context, served, { object, current, manager, dryRun: false })
  )
}
