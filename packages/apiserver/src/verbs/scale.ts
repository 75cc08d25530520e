/** The scale subresource: how many replicas an object wants and has, the same for every kind that has it. @module */
import {
  apiVersionOf,
  applyPatch,
  type FieldError,
  fieldError,
  formatLabelSelector,
  invalid,
  type KubernetesObject,
  labelSelectorFrom,
  labelSelectorFromMap,
  managedFieldsFromScale,
  scaleManagedFields,
  trackUpdate
} from "@tsukube/api"
import type { Scale } from "@tsukube/api/autoscaling-v1"
import type { LabelSelector } from "@tsukube/api/meta-v1"
import { readBody } from "../decode/body.ts"
import { decodeObject, decodeValue } from "../decode/object.ts"
import { readWriteOptions } from "../decode/write-options.ts"
import { objectResponse } from "../encode/json.ts"
import { managerOfRequest, withEntries } from "../managed-fields.ts"
import { updatedMetadata, withMetadata } from "../object-meta.ts"
import type { RequestContext } from "../request.ts"
import type { Served } from "../served.ts"
import { type Serving, timestamp } from "../serving.ts"
import { keyOf, type StoredObject } from "../stored.ts"
import { changeStored } from "../write.ts"
import { isApply, readApplication } from "./apply.ts"
import { findObject } from "./get.ts"
import { readPatch } from "./patch.ts"
import { addressed, checkAddress, decideUpdate } from "./update.ts"

const kind = { group: "autoscaling", version: "v1", kind: "Scale", schema: "io.k8s.api.autoscaling.v1.Scale" }

interface Scalable extends KubernetesObject {
  readonly spec?: { readonly replicas?: number; readonly selector?: LabelSelector | Readonly<Record<string, string>> }
  readonly status?: { readonly replicas?: number }
}

/** ReplicationControllers select by plain labels, everything later by a label selector. */
const selectorText = (served: Served, selector: NonNullable<Scalable["spec"]>["selector"]): string => {
  if (selector === undefined) return ""
  const plain = served.resource.group === "" && served.resource.plural === "replicationcontrollers"
  return formatLabelSelector(
    plain ? labelSelectorFromMap(selector as Readonly<Record<string, string>>) : labelSelectorFrom(selector as LabelSelector)
  )
}

const scaleOf = (served: Served, { object }: StoredObject): Scale => {
  const { metadata = {}, spec, status } = object as Scalable
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata
  const kept = Object.fromEntries(
    Object.entries({ name, namespace, uid, resourceVersion, creationTimestamp }).filter(([, value]) => value !== undefined)
  )
  const selector = selectorText(served, spec?.selector)
  return {
    kind: "Scale",
    apiVersion: apiVersionOf(kind),
    metadata: kept,
    spec: spec?.replicas === undefined || spec.replicas === 0 ? {} : { replicas: spec.replicas },
    status: { replicas: status?.replicas ?? 0, ...(selector === "" ? {} : { selector }) }
  }
}

const checkScale = (scale: Scale): number => {
  const replicas = scale.spec?.replicas ?? 0
  const errors: Array<FieldError> =
    replicas < 0 ? [fieldError.invalid("spec.replicas", replicas, "must be greater than or equal to 0")] : []
  if (errors.length > 0) throw invalid(kind, scale.metadata?.name ?? "", errors)
  return replicas
}

/** Answers GET of a scale. */
export const getScale = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> =>
  objectResponse(context, scaleOf(served, await findObject(serving, context, served)))

/** Answers PUT and PATCH of a scale: only the number of replicas changes. */
export const changeScale = async (serving: Serving, context: RequestContext, served: Served): Promise<Response> => {
  const { info } = context
  const patching = info.verb === "patch"
  const options = readWriteOptions(context.url.searchParams, patching ? "PatchOptions" : "UpdateOptions")
  const application = patching && isApply(context.request) ? await readApplication(context) : undefined
  const apply = patching && application === undefined ? await readPatch(context, kind) : undefined
  const manager = managerOfRequest(context, options.fieldManager)
  const given = patching ? undefined : decodeObject(context, await readBody(context), kind, options.fieldValidation)
  const decide = (current: StoredObject) => {
    const old = current.object as Scalable
    const entries = scaleManagedFields(old.metadata?.managedFields, served.resource)
    const before = withEntries(scaleOf(served, current), entries)
    const now = timestamp(serving.now())
    const changed = (): KubernetesObject => {
      if (application !== undefined) {
        const { applied, force } = application
        checkAddress(context, served, applied)
        return applyPatch({ kind, live: before, applied, manager: options.fieldManager, force, subresource: "scale", now })
      }
      const after = apply === undefined ? given! : decodeValue(context, apply(before), kind, options.fieldValidation)
      return trackUpdate({ kind, before, after, manager, subresource: "scale", now })
    }
    const named = addressed(context, served, changed())
    const replicas = checkScale(named as Scale)
    const { resourceVersion = "", uid = "" } = named.metadata ?? {}
    const managedFields = managedFieldsFromScale(old.metadata?.managedFields, named.metadata?.managedFields, served.resource)
    const metadata = withEntries({ metadata: { ...old.metadata, resourceVersion, uid } }, managedFields).metadata ?? {}
    const object = Object.assign({}, old, { metadata, spec: { ...old.spec, replicas } })
    // What is asked for is the old object with another number; the rest of its rules are those of an update.
    const merge = (next: KubernetesObject): KubernetesObject => withMetadata(next, updatedMetadata(next, old))
    return decideUpdate(serving, context, served, { object, current, dryRun: options.dryRun, manager: undefined, merge })
  }
  const key = keyOf(served.stored, info.namespace, info.name)
  const { stored } = await changeStored(serving, served, key, decide, options.dryRun)
  return objectResponse(context, scaleOf(served, stored))
}
