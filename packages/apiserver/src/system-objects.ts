/** The objects every cluster begins with, and their creation at start. @module */
import { findByKind, type KubernetesObject, type StatusError } from "@tsukube/api"
import type { ApiserverOptions } from "./options.ts"
import { readPath } from "./paths.ts"
import type { RequestContext, UserInfo } from "./request.ts"
import { servedOf } from "./served.ts"
import type { Serving } from "./serving.ts"
import { keyOf } from "./stored.ts"
import { createObject } from "./verbs/create.ts"

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

/** What is created before anything else may rely on it, in two steps: namespaces, then what lies in them. */
const systemObjects = (_options: ApiserverOptions, parts: ReadonlyArray<KubernetesObject>) =>
  [namespaces, [...priorityClasses, ...parts]] as const

/** Creates what is missing; another server may do the same at the same time. */
export const createSystemObjects = async (serving: Serving): Promise<void> => {
  for (const objects of systemObjects(serving.options, serving.parts.bootstrap)) {
    await Promise.all(objects.map((object) => createMissing(serving, object)))
  }
}

/** Creates one object as the server itself, unless it is there. */
export const createMissing = async (serving: Serving, object: KubernetesObject): Promise<void> => {
  const resource = findByKind(object.apiVersion ?? "", object.kind ?? "")
  if (resource === undefined) throw new Error(`no resource for ${object.kind} in ${object.apiVersion}`)
  const served = servedOf(resource)
  const { namespace = "", name = "" } = object.metadata ?? {}
  if (serving.cache.bucket(served.folder).objects.has(keyOf(served.stored, namespace, name))) return
  const path = `http://localhost/apis/${resource.group || "core"}/${resource.version}${namespace === "" ? "" : `/namespaces/${namespace}`}/${resource.plural}`
  const request = new Request(path, { method: "POST" })
  const url = new URL(path)
  const context: RequestContext = { request, url, info: readPath("POST", url), user: self, connection: undefined, warnings: [] }
  try {
    await createObject(serving, context, served, object, { dryRun: false, fieldManager: "", fieldValidation: "Ignore" })
  } catch (thrown) {
    if ((thrown as StatusError).reason !== "AlreadyExists") throw thrown
  }
}
