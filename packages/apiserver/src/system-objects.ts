/** The objects every cluster begins with, and their creation at start. @module */
import { type KubernetesObject, pathOf, type StatusError } from "@tsukube/api"
import type { Write } from "@tsukube/store"
import * as Effect from "effect/Effect"
import { stampedText } from "./authorize/role-text.ts"
import { roleTexts } from "./authorize/role-texts.ts"
import { strategyOf } from "./kinds/table.ts"
import { kubernetesService, serviceCidrObject } from "./kubernetes-service.ts"
import { ownManager, ownObject, placeOf, self } from "./own-object.ts"
import { readPath } from "./paths.ts"
import type { RequestContext } from "./request.ts"
import type { Served } from "./served.ts"
import { type Serving, timestamp } from "./serving.ts"
import { folderOfKey, storedText } from "./stored.ts"
import { createObject } from "./verbs/create.ts"
import { decideUpdate } from "./verbs/update.ts"
import { changeStored } from "./write.ts"

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

/** All but the roles, which are texts already. */
const systemObjects = ({ options, now }: Serving): ReadonlyArray<KubernetesObject> => [
  ...namespaces,
  ...priorityClasses,
  serviceCidrObject(options, timestamp(now())),
  kubernetesService(options)
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
    const writes = await missing(serving)
    if (writes.length === 0 || (await commitAll(serving, writes))) return
    if (attempt === attemptLimit) throw new Error("others keep changing the first objects of the cluster")
    await serving.cache.fresh(freshWithinMs)
  }
}

/** False: somebody else wrote one of them first. */
const commitAll = (serving: Serving, writes: ReadonlyArray<Write>): Promise<boolean> =>
  Effect.runPromise(
    serving.cache.store.commit(writes).pipe(
      Effect.as(true),
      Effect.catchTag("Conflict", () => Effect.succeed(false))
    )
  )

const isThere = (serving: Serving, key: string): boolean =>
  serving.cache.bucket(folderOfKey(key) ?? "").objects.get(key) !== undefined

/** The writes that create what is not there; brings up to date the roles that are. */
const missing = async (serving: Serving): Promise<ReadonlyArray<Write>> => {
  const writes: Array<Write> = []
  for (const object of systemObjects(serving)) {
    const { served, key } = placeOf(object)
    if (isThere(serving, key)) continue
    const own = ownObject(object, serving.now())
    const claimed = (await strategyOf(served.stored).claim?.(serving, own, undefined)) ?? { object: own, also: [] }
    writes.push({ key, value: storedText(claimed.object), expected: 0n }, ...claimed.also)
  }
  const roles = Object.entries(roleTexts)
  const absent = roles.filter(([key]) => !isThere(serving, key))
  const time = timestamp(serving.now())
  for (const [key, text] of absent) writes.push({ key, value: stampedText(text, time), expected: 0n })
  if (absent.length < roles.length) await reconcileRoles(serving)
  return writes
}

/** A store that was in use before has roles of its own, perhaps of an older release. */
const reconcileRoles = async (serving: Serving): Promise<void> => {
  const { rbacBootstrap, reconciled } = await import("./authorize/rbac-bootstrap.ts")
  await Promise.all(
    rbacBootstrap.map(async (role) => {
      const { served, key } = placeOf(role)
      const stored = serving.cache.bucket(served.folder).objects.get(key)
      if (stored === undefined || reconciled(role, stored.object) === undefined) return
      await changeStored(serving, served, key, (current) =>
        decideUpdate(serving, contextOf(served, role), served, {
          object: reconciled(role, current.object) ?? current.object,
          current,
          manager: ownManager,
          dryRun: false
        })
      )
    })
  )
}

/** The request by which a client would create it. */
const contextOf = ({ resource }: Served, { metadata }: KubernetesObject): RequestContext => {
  const url = new URL(pathOf(resource, { namespace: metadata?.namespace ?? "" }), "http://localhost")
  const request = new Request(url, { method: "POST" })
  return { request, url, info: readPath("POST", url), user: self, connection: undefined, warnings: [] }
}

/** Creates one object, or brings the one that is there into its form. */
export const createOrReplace = async (serving: Serving, object: KubernetesObject): Promise<void> => {
  const { served, key } = placeOf(object)
  const context = contextOf(served, object)
  const options = { dryRun: false, fieldManager: ownManager, fieldValidation: "Ignore" } as const
  if (!isThere(serving, key)) {
    try {
      await createObject(serving, context, served, object, options)
    } catch (thrown) {
      if ((thrown as StatusError).reason !== "AlreadyExists") throw thrown
    }
  }
  await changeStored(serving, served, key, (current) =>
    decideUpdate(serving, context, served, { object, current, manager: ownManager, dryRun: false })
  )
}
