/** The objects every cluster begins with, and their creation at start. @module */
import { findByKind, type KubernetesObject, pathOf, type StatusError } from "@tsukube/api"
import { reconciled } from "./authorize/rbac-bootstrap.ts"
import { kubernetesService, serviceCidrObject } from "./kubernetes-service.ts"
import { readPath } from "./paths.ts"
import type { RequestContext, UserInfo } from "./request.ts"
import { servedOf } from "./served.ts"
import { type Serving, timestamp } from "./serving.ts"
import { keyOf } from "./stored.ts"
import { createObject } from "./verbs/create.ts"
import { decideUpdate } from "./verbs/update.ts"
import { changeStored } from "./write.ts"

/** Who writes what the server needs by itself. */
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

/** What is created before anything else may rely on it, in two steps: namespaces, then the rest. */
const systemObjects = ({ options, parts, now }: Serving): ReadonlyArray<ReadonlyArray<KubernetesObject>> => [
  namespaces,
  [...priorityClasses, serviceCidrObject(options, timestamp(now())), kubernetesService(options), ...parts.bootstrap]
]

/** Creates what is missing; another server may do the same at the same time. */
export const createSystemObjects = async (serving: Serving): Promise<void> => {
  for (const objects of systemObjects(serving)) await Promise.all(objects.map((object) => createMissing(serving, object)))
}

const targetOf = (object: KubernetesObject) => {
  const resource = findByKind(object.apiVersion ?? "", object.kind ?? "")
  if (resource === undefined) throw new Error(`no resource for ${object.kind} in ${object.apiVersion}`)
  const served = servedOf(resource)
  const { namespace = "", name = "" } = object.metadata ?? {}
  const url = new URL(pathOf(resource, { namespace }), "http://localhost")
  const info = readPath("POST", url)
  const context: RequestContext = {
    request: new Request(url, { method: "POST" }),
    url,
    info,
    user: self,
    connection: undefined,
    warnings: []
  }
  return { served, context, key: keyOf(served.stored, namespace, name) }
}

/** Creates one object as the server itself; a role or binding that is there gets what it lacks. */
const createMissing = async (serving: Serving, object: KubernetesObject): Promise<void> => {
  const { served, context, key } = targetOf(object)
  const stored = serving.cache.bucket(served.folder).objects.get(key)
  if (stored !== undefined) {
    if (reconciled(object, stored.object) === undefined) return
    await changeStored(serving, served, key, (current) =>
      decideUpdate(serving, context, served, {
        object: reconciled(object, current.object) ?? current.object,
        current,
        manager: "kube-apiserver",
        dryRun: false
      })
    )
    return
  }
  try {
    await createObject(serving, context, served, object, {
      dryRun: false,
      fieldManager: "kube-apiserver",
      fieldValidation: "Ignore"
    })
  } catch (thrown) {
    if ((thrown as StatusError).reason !== "AlreadyExists") throw thrown
  }
}

/** Creates one object, or brings the one that is there into its form. */
export const createOrReplace = async (serving: Serving, object: KubernetesObject): Promise<void> => {
  await createMissing(serving, object)
  const { served, context, key } = targetOf(object)
  await changeStored(serving, served, key, (current) =>
    decideUpdate(serving, context, served, { object, current, manager: "kube-apiserver", dryRun: false })
  )
}
