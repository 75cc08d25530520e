/** Validation of whole objects: metadata, then the rules of the kind, then what the schema alone says. @module */
import type { FieldError } from "../field-error.ts"
import { isDns1035Label, isDns1123Label, isPathSegment } from "../name.ts"
import { apiVersionOf, type KubernetesObject, type Resource } from "../resource.ts"
import * as apps from "./apps.ts"
import * as batch from "./batch.ts"
import * as core from "./core.ts"
import type { Findings, Loose } from "./findings.ts"
import { isIp } from "./ip.ts"
import { type NameRule, validateMetadata, validateMetadataUpdate } from "./metadata.ts"
import * as networking from "./networking.ts"
import * as pod from "./pod.ts"
import * as policy from "./policy.ts"
import * as rbac from "./rbac.ts"
import { validateBySchema } from "./schema.ts"
import * as service from "./service.ts"
import * as storage from "./storage.ts"

interface KindRules {
  /** Names other than subdomains of RFC 1123. */
  readonly name?: NameRule
  /** Holds for new and for changed objects, unless `update` says it covers that. */
  readonly always?: (object: KubernetesObject) => Findings
  /** Holds for changed objects besides. */
  readonly update?: (object: KubernetesObject, old: KubernetesObject) => Findings
  /** `update` checks everything itself. */
  readonly updateAlone?: true
}

/** The table's key vouches for the type, as in the tables of defaults. */
const rules = <T>(
  always: ((object: Loose<T>) => Findings) | undefined,
  update?: (object: Loose<T>, old: Loose<T>) => Findings,
  more: Pick<KindRules, "name" | "updateAlone"> = {}
): KindRules => ({
  ...more,
  ...(always === undefined ? {} : { always: always as unknown as (object: KubernetesObject) => Findings }),
  ...(update === undefined ? {} : { update: update as unknown as (object: KubernetesObject, old: KubernetesObject) => Findings })
})

const pathName: Pick<KindRules, "name"> = { name: isPathSegment }
const rbacGroup = "rbac.authorization.k8s.io/v1"

const kinds: ReadonlyMap<string, KindRules> = new Map([
  [
    "v1/ConfigMap",
    rules(core.validateConfigMap, (a, b) => core.validateDataUpdate<"data" | "binaryData">(a, b, ["data", "binaryData"]))
  ],
  ["v1/Endpoints", rules(service.validateEndpoints)],
  ["v1/Event", rules(core.validateEvent)],
  ["v1/LimitRange", rules(core.validateLimitRange)],
  ["v1/Namespace", { name: isDns1123Label }],
  ["v1/Node", rules(core.validateNode, core.validateNodeUpdate)],
  ["v1/PersistentVolume", rules(storage.validatePersistentVolume)],
  ["v1/PersistentVolumeClaim", rules(storage.validateClaim, storage.validateClaimUpdate)],
  ["v1/Pod", rules(pod.validatePod, pod.validatePodUpdate, { updateAlone: true })],
  ["v1/PodTemplate", rules(pod.validatePodTemplateObject)],
  ["v1/ReplicationController", rules(apps.validateReplicationController)],
  ["v1/ResourceQuota", rules(core.validateResourceQuota, core.validateResourceQuotaUpdate)],
  ["v1/Secret", rules(core.validateSecret, core.validateSecretUpdate)],
  ["v1/Service", rules(service.validateService, service.validateServiceUpdate, { name: isDns1035Label })],
  ["apps/v1/DaemonSet", rules(apps.validateDaemonSet, apps.validateSelectorUnchanged)],
  ["apps/v1/Deployment", rules(apps.validateDeployment, apps.validateSelectorUnchanged)],
  ["apps/v1/ReplicaSet", rules(apps.validateReplicaSet, apps.validateSelectorUnchanged)],
  ["apps/v1/StatefulSet", rules(apps.validateStatefulSet, apps.validateStatefulSetUpdate)],
  ["autoscaling/v1/HorizontalPodAutoscaler", rules(policy.validateAutoscaler)],
  ["autoscaling/v2/HorizontalPodAutoscaler", rules(policy.validateAutoscaler)],
  ["batch/v1/CronJob", rules(batch.validateCronJob)],
  ["batch/v1/Job", rules(batch.validateJob, batch.validateJobUpdate)],
  ["coordination.k8s.io/v1/Lease", rules(policy.validateLease)],
  ["discovery.k8s.io/v1/EndpointSlice", rules(service.validateEndpointSlice, service.validateEndpointSliceUpdate)],
  ["flowcontrol.apiserver.k8s.io/v1/FlowSchema", pathName],
  ["flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration", pathName],
  ["networking.k8s.io/v1/IPAddress", { name: isIp }],
  ["networking.k8s.io/v1/Ingress", rules(networking.validateIngress)],
  ["networking.k8s.io/v1/NetworkPolicy", rules(networking.validateNetworkPolicy)],
  ["policy/v1/PodDisruptionBudget", rules(policy.validateBudget)],
  [`${rbacGroup}/ClusterRole`, rules(rbac.validateClusterRole, undefined, pathName)],
  [`${rbacGroup}/ClusterRoleBinding`, rules(rbac.validateBinding(["ClusterRole"]), rbac.validateBindingUpdate, pathName)],
  [`${rbacGroup}/Role`, rules(rbac.validateRole, undefined, pathName)],
  [`${rbacGroup}/RoleBinding`, rules(rbac.validateBinding(["Role", "ClusterRole"]), rbac.validateBindingUpdate, pathName)],
  ["scheduling.k8s.io/v1/PriorityClass", rules(policy.validatePriorityClass, policy.validatePriorityClassUpdate)],
  ["storage.k8s.io/v1/StorageClass", rules(storage.validateStorageClass, storage.validateStorageClassUpdate)]
])

const rulesOf = (resource: Resource<unknown>): KindRules => kinds.get(`${apiVersionOf(resource)}/${resource.kind}`) ?? {}

/**
 * What is wrong with an object that is about to be created; nothing when all is well.
 * Read it with `checkStructure`, fill it in with `applyDefaults` and give it its name first.
 */
export const validateCreate = (object: KubernetesObject, resource: Resource<unknown>): ReadonlyArray<FieldError> => {
  const { name, always } = rulesOf(resource)
  const naming = { namespaced: resource.namespaced, ...(name === undefined ? {} : { nameRule: name }) }
  const findings = [...validateMetadata(object.metadata ?? {}, naming), ...(always?.(object) ?? [])]
  return withSchema(findings, object, resource)
}

/**
 * What is wrong with an object that is about to replace `old`; nothing when all is well. Holds for `status` updates too.
 * Put back what the server gave (uid, creation and deletion times) before or after: leaving it out is no mistake.
 */
export const validateUpdate = (
  object: KubernetesObject,
  old: KubernetesObject,
  resource: Resource<unknown>
): ReadonlyArray<FieldError> => {
  const { always, update, updateAlone } = rulesOf(resource)
  const findings = [
    ...validateMetadataUpdate(object.metadata ?? {}, old.metadata ?? {}),
    ...(updateAlone === true ? [] : (always?.(object) ?? [])),
    ...(update?.(object, old) ?? [])
  ]
  return withSchema(findings, object, resource)
}

/** The schema speaks last, and only of fields that nothing was said of, neither of what they are part of. */
const withSchema = (
  findings: ReadonlyArray<FieldError>,
  object: KubernetesObject,
  resource: Resource<unknown>
): ReadonlyArray<FieldError> => {
  const said = findings.map(({ field }) => field)
  const isNews = (field: string): boolean =>
    !said.some((other) => field === other || (field.startsWith(other) && /[.[]/.test(field[other.length] ?? "")))
  const rest = validateBySchema(object as unknown as Readonly<Record<string, unknown>>, resource.schema)
  return [...findings, ...rest.filter(({ field }) => isNews(field))]
}
