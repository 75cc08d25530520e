/** The table of kinds: every kind with rules of its own has one entry here. @module */
import { isDns1035Label, isDns1123Label, isPathSegment } from "../name.ts"
import type { KubernetesObject } from "../resource.ts"
import * as policies from "./admission-policy.ts"
import { validateApiService } from "./api-service.ts"
import * as apps from "./apps.ts"
import * as autoscaler from "./autoscaler.ts"
import * as batch from "./batch.ts"
import * as certificate from "./certificate.ts"
import * as cidr from "./cidr.ts"
import * as claim from "./claim.ts"
import * as core from "./core.ts"
import * as csi from "./csi.ts"
import * as definition from "./custom-resource.ts"
import * as device from "./device.ts"
import * as event from "./event.ts"
import * as expression from "./expression.ts"
import type { Findings, Loose } from "./findings.ts"
import * as flow from "./flow-control.ts"
import type { NameRule } from "./metadata.ts"
import * as networking from "./networking.ts"
import * as volume from "./persistent-volume.ts"
import * as pod from "./pod.ts"
import * as podUpdate from "./pod-update.ts"
import * as policy from "./policy.ts"
import * as quota from "./quota.ts"
import * as rbac from "./rbac.ts"
import * as slice from "./resource-slice.ts"
import * as review from "./review.ts"
import { frozen } from "./rule.ts"
import * as runtime from "./runtime-class.ts"
import * as service from "./service.ts"
import { validateJobStatus } from "./status/job.ts"
import { validatePodStatus } from "./status/pod.ts"
import * as reported from "./status/resource.ts"
import * as counted from "./status/workload.ts"
import { isStrictIp } from "./strict-ip.ts"
import { validateWebhooks } from "./webhook.ts"

/** What validation knows of a kind. */
export interface KindRules {
  /** Names other than subdomains of RFC 1123. */
  readonly name?: NameRule
  /** Holds for new and for changed objects, unless `update` says it covers that. */
  readonly always?: (object: KubernetesObject) => Findings
  /** Holds for changed objects besides. */
  readonly update?: (object: KubernetesObject, old: KubernetesObject) => Findings
  /** What is wrong with the expressions of an object; at a change only what the old object did not have. */
  readonly expressions?: (object: KubernetesObject) => Findings
  /** `update` checks everything itself. */
  readonly updateAlone?: true
  /** A question that is answered and forgotten: it has no name, and its own rules look at its metadata. */
  readonly unnamed?: true
  /** What holds when one of these subresources is written, and nothing else of the kind's rules. */
  readonly subresources?: Readonly<Record<string, (object: KubernetesObject, old: KubernetesObject) => Findings>>
}

/** The table's key vouches for the type, as in the tables of defaults. */
const rules = <T>(
  always: ((object: Loose<T>) => Findings) | undefined,
  update?: (object: Loose<T>, old: Loose<T>) => Findings,
  more: Omit<KindRules, "always" | "update"> = {}
): KindRules => ({
  ...more,
  ...(always === undefined ? {} : { always: always as unknown as (object: KubernetesObject) => Findings }),
  ...(update === undefined ? {} : { update: update as unknown as (object: KubernetesObject, old: KubernetesObject) => Findings })
})

type UpdateRule = (object: KubernetesObject, old: KubernetesObject) => Findings

/** What holds when the status of a kind is written: nothing else of it changes then. */
const status = <T>(rule: (object: Loose<T>, old: Loose<T>) => Findings): Pick<KindRules, "subresources"> => ({
  subresources: { status: rule as unknown as UpdateRule }
})
const podSubresources = {
  status: validatePodStatus as unknown as UpdateRule,
  ephemeralcontainers: podUpdate.validateEphemeralUpdate as unknown as UpdateRule,
  resize: podUpdate.validateResize as unknown as UpdateRule
}
const unnamed = { unnamed: true } as const
const compiled = <T>(expressions: (object: Loose<T>) => Findings): Pick<KindRules, "expressions"> => ({
  expressions: expressions as unknown as (object: KubernetesObject) => Findings
})
const admission = "admissionregistration.k8s.io/v1"
const pathName: Pick<KindRules, "name"> = { name: isPathSegment }
const rbacGroup = "rbac.authorization.k8s.io/v1"

/** By `apiVersion/Kind`. */
export const kinds: ReadonlyMap<string, KindRules> = new Map([
  [
    "v1/ConfigMap",
    rules(core.validateConfigMap, (a, b) => core.validateDataUpdate<"data" | "binaryData">(a, b, ["data", "binaryData"]))
  ],
  ["v1/Endpoints", rules(service.validateEndpoints)],
  ["v1/Event", rules(event.validateCoreEvent)],
  ["v1/LimitRange", rules(core.validateLimitRange)],
  ["v1/Namespace", { name: isDns1123Label, ...status(reported.validateNamespaceStatus) }],
  ["v1/Node", rules(core.validateNode, core.validateNodeUpdate)],
  ["v1/PersistentVolume", rules(volume.validatePersistentVolume, volume.validatePersistentVolumeUpdate)],
  ["v1/PersistentVolumeClaim", rules(claim.validateClaim, claim.validateClaimUpdate, status(reported.validateClaimStatus))],
  ["v1/Pod", rules(pod.validatePod, podUpdate.validatePodUpdate, { updateAlone: true, subresources: podSubresources })],
  ["v1/PodTemplate", rules(pod.validatePodTemplateObject)],
  ["v1/ReplicationController", rules(apps.validateReplicationController, undefined, status(counted.validateReplicaStatus))],
  [
    "v1/ResourceQuota",
    rules(quota.validateResourceQuota, quota.validateResourceQuotaUpdate, status(reported.validateQuotaStatus))
  ],
  ["v1/Secret", rules(core.validateSecret, core.validateSecretUpdate)],
  [
    "v1/Service",
    rules(service.validateService, service.validateServiceUpdate, {
      name: isDns1035Label,
      ...status(reported.validateServiceStatus)
    })
  ],
  ["apps/v1/DaemonSet", rules(apps.validateDaemonSet, apps.validateSelectorUnchanged, status(counted.validateDaemonSetStatus))],
  [
    "apps/v1/Deployment",
    rules(apps.validateDeployment, apps.validateSelectorUnchanged, status(counted.validateDeploymentStatus))
  ],
  ["apps/v1/ReplicaSet", rules(apps.validateReplicaSet, apps.validateSelectorUnchanged, status(counted.validateReplicaStatus))],
  [
    "apps/v1/StatefulSet",
    rules(apps.validateStatefulSet, apps.validateStatefulSetUpdate, status(counted.validateStatefulSetStatus))
  ],
  [
    "autoscaling/v1/HorizontalPodAutoscaler",
    rules(autoscaler.validateAutoscalerV1, undefined, status(counted.validateAutoscalerStatus))
  ],
  [
    "autoscaling/v2/HorizontalPodAutoscaler",
    rules(autoscaler.validateAutoscaler, undefined, status(counted.validateAutoscalerStatus))
  ],
  ["batch/v1/CronJob", rules(batch.validateCronJob)],
  ["batch/v1/Job", rules(batch.validateJob, batch.validateJobUpdate, status(validateJobStatus))],
  ["coordination.k8s.io/v1/Lease", rules(policy.validateLease)],
  ["discovery.k8s.io/v1/EndpointSlice", rules(service.validateEndpointSlice, service.validateEndpointSliceUpdate)],
  ["flowcontrol.apiserver.k8s.io/v1/FlowSchema", rules(flow.validateFlowSchema, undefined, pathName)],
  ["flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration", rules(flow.validatePriorityLevel, undefined, pathName)],
  ["networking.k8s.io/v1/IPAddress", rules(cidr.validateIpAddress, cidr.validateIpAddressUpdate, { name: isStrictIp })],
  ["networking.k8s.io/v1/Ingress", rules(networking.validateIngress, undefined, status(reported.validateIngressStatus))],
  ["networking.k8s.io/v1/NetworkPolicy", rules(networking.validateNetworkPolicy)],
  ["policy/v1/PodDisruptionBudget", rules(policy.validateBudget, undefined, status(counted.validateBudgetStatus))],
  [`${rbacGroup}/ClusterRole`, rules(rbac.validateClusterRole, undefined, pathName)],
  [`${rbacGroup}/ClusterRoleBinding`, rules(rbac.validateBinding(["ClusterRole"]), rbac.validateBindingUpdate, pathName)],
  [`${rbacGroup}/Role`, rules(rbac.validateRole, undefined, pathName)],
  [`${rbacGroup}/RoleBinding`, rules(rbac.validateBinding(["Role", "ClusterRole"]), rbac.validateBindingUpdate, pathName)],
  ["scheduling.k8s.io/v1/PriorityClass", rules(policy.validatePriorityClass, policy.validatePriorityClassUpdate)],
  ["storage.k8s.io/v1/StorageClass", rules(volume.validateStorageClass, volume.validateStorageClassUpdate)],
  ["v1/Binding", rules(review.validateBinding)],
  [
    `${admission}/MutatingAdmissionPolicy`,
    rules(policies.validateMutatingPolicy, undefined, compiled(expression.mutatingPolicyExpressions))
  ],
  [`${admission}/MutatingAdmissionPolicyBinding`, rules(policies.validateMutatingBinding)],
  [`${admission}/MutatingWebhookConfiguration`, rules(validateWebhooks, undefined, compiled(expression.webhookExpressions))],
  [
    `${admission}/ValidatingAdmissionPolicy`,
    rules(policies.validateValidatingPolicy, undefined, compiled(expression.validatingPolicyExpressions))
  ],
  [`${admission}/ValidatingAdmissionPolicyBinding`, rules(policies.validateValidatingBinding)],
  [`${admission}/ValidatingWebhookConfiguration`, rules(validateWebhooks, undefined, compiled(expression.webhookExpressions))],
  ["apiextensions.k8s.io/v1/CustomResourceDefinition", rules(definition.validateDefinition, definition.validateDefinitionUpdate)],
  ["apiregistration.k8s.io/v1/APIService", rules(validateApiService, undefined, pathName)],
  ["apps/v1/ControllerRevision", rules(runtime.validateRevision, runtime.validateRevisionUpdate)],
  ["authentication.k8s.io/v1/SelfSubjectReview", unnamed],
  ["authentication.k8s.io/v1/TokenRequest", rules(review.validateTokenRequest, undefined, unnamed)],
  ["authentication.k8s.io/v1/TokenReview", unnamed],
  ["authorization.k8s.io/v1/LocalSubjectAccessReview", rules(review.validateLocalReview, undefined, unnamed)],
  ["authorization.k8s.io/v1/SelfSubjectAccessReview", rules(review.validateSelfReview, undefined, unnamed)],
  ["authorization.k8s.io/v1/SelfSubjectRulesReview", unnamed],
  ["authorization.k8s.io/v1/SubjectAccessReview", rules(review.validateSubjectReview, undefined, unnamed)],
  [
    "certificates.k8s.io/v1/CertificateSigningRequest",
    rules(certificate.validateSigningRequest, certificate.validateSigningRequestUpdate, pathName)
  ],
  ["events.k8s.io/v1/Event", rules(event.validateEvent, event.validateEventUpdate, { updateAlone: true })],
  ["networking.k8s.io/v1/IngressClass", rules(cidr.validateIngressClass, cidr.validateIngressClassUpdate)],
  ["networking.k8s.io/v1/ServiceCIDR", rules(cidr.validateServiceCidr, cidr.validateServiceCidrUpdate)],
  ["node.k8s.io/v1/RuntimeClass", rules(runtime.validateRuntimeClass, runtime.validateRuntimeClassUpdate)],
  ["resource.k8s.io/v1/DeviceClass", rules(device.validateDeviceClass, undefined, compiled(expression.deviceClassExpressions))],
  [
    "resource.k8s.io/v1/ResourceClaim",
    rules(device.validateResourceClaim, device.validateResourceClaimUpdate, compiled(expression.resourceClaimExpressions))
  ],
  [
    "resource.k8s.io/v1/ResourceClaimTemplate",
    rules(device.validateResourceClaimTemplate, frozen("spec"), compiled(expression.claimTemplateExpressions))
  ],
  ["resource.k8s.io/v1/ResourceSlice", rules(slice.validateSlice, slice.validateSliceUpdate)],
  ["storage.k8s.io/v1/CSIDriver", rules(csi.validateDriver, csi.validateDriverUpdate)],
  ["storage.k8s.io/v1/CSINode", rules(csi.validateCsiNode, csi.validateCsiNodeUpdate)],
  ["storage.k8s.io/v1/CSIStorageCapacity", rules(csi.validateCapacity, csi.validateCapacityUpdate)],
  ["storage.k8s.io/v1/VolumeAttachment", rules(csi.validateAttachment, csi.validateAttachmentUpdate)],
  ["storage.k8s.io/v1/VolumeAttributesClass", rules(csi.validateAttributesClass, csi.validateAttributesClassUpdate)]
])
