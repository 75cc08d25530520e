/** What the schemas of v1.36 do not say of their fields: values that validation accepts, and fields that exclude each other. @module */

import { type Hints, type Shape, Ways } from "./fill.ts"
import { certificate, everySchema, signingRequest } from "./samples.ts"
import { unfitForEphemeral } from "./unsettable.ts"

/** One way for each field of a type: that field with those that all ways have. */
const oneOf = (fields: ReadonlyArray<string>, always: ReadonlyArray<string> = []): ReadonlyArray<Shape> =>
  fields.map((field) => ({ only: [...always, field] }))

const persistent = [
  "awsElasticBlockStore",
  "azureDisk",
  "azureFile",
  "cephfs",
  "cinder",
  "csi",
  "fc",
  "flexVolume",
  "flocker",
  "gcePersistentDisk",
  "glusterfs",
  "hostPath",
  "iscsi",
  "local",
  "nfs",
  "photonPersistentDisk",
  "portworxVolume",
  "quobyte",
  "rbd",
  "scaleIO",
  "storageos",
  "vsphereVolume"
]
const volumes = [
  "awsElasticBlockStore",
  "azureDisk",
  "azureFile",
  "cephfs",
  "cinder",
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "fc",
  "flexVolume",
  "flocker",
  "gcePersistentDisk",
  "gitRepo",
  "glusterfs",
  "hostPath",
  "image",
  "iscsi",
  "nfs",
  "persistentVolumeClaim",
  "photonPersistentDisk",
  "portworxVolume",
  "projected",
  "quobyte",
  "rbd",
  "scaleIO",
  "secret",
  "storageos",
  "vsphereVolume"
]
const probeHandlers = ["exec", "grpc", "httpGet", "tcpSocket"]
const priority = ["priority", "priorityClassName", "preemptionPolicy"]
const ephemeralMounts = [{ name: "a5", mountPath: "/a", mountPropagation: "None", readOnly: true, recursiveReadOnly: "Disabled" }]
const snapshot = { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "a" }
/** The server gives the Jobs of a CronJob their selector. */
const ownSelector = ({ selector: _, manualSelector: __, ...spec }: Readonly<Record<string, unknown>>) => spec
const trueCondition = (type: string) => ({ type, status: "True" })
const port = { name: "a", hostIP: "10.0.0.1", protocol: "TCP" }
const windowsOptions = { gmsaCredentialSpec: "a", gmsaCredentialSpecName: "a", hostProcess: true, runAsUserName: "a" }
/** The ways of a container; the first is called as the others' first is. */
const oneCalledA = (containers: ReadonlyArray<object>) =>
  containers.map((container, i) => (i === 0 ? { ...container, name: "a" } : container))
const without =
  (field: string) =>
  ({ [field]: _, ...rest }: Readonly<Record<string, unknown>>) =>
    rest

const meta = {
  "ObjectMeta.name": "maximal",
  "ObjectMeta.namespace": "default",
  "ObjectMeta.finalizers": ["example.com/finalizer"]
}

const volume = {
  "LocalVolumeSource.path": "/a",
  "NFSVolumeSource.path": "/a",
  "ISCSIVolumeSource.iqn": "iqn.2026-01.com.example:a",
  "ISCSIVolumeSource.initiatorName": "iqn.2026-01.com.example:b",
  "ISCSIPersistentVolumeSource.iqn": "iqn.2026-01.com.example:a",
  "ISCSIPersistentVolumeSource.initiatorName": "iqn.2026-01.com.example:b",
  "QuobyteVolumeSource.registry": "a:1",
  "ServiceAccountTokenProjection.expirationSeconds": 3600,
  "PodCertificateProjection.keyType": "ECDSAP256",
  "PodCertificateProjection.maxExpirationSeconds": 86400,
  "PodCertificateProjection.signerName": "example.com/signer",
  "ResourceFieldSelector.resource": "limits.cpu",
  "DownwardAPIVolumeFile.resourceFieldRef": { containerName: "a", divisor: "1", resource: "limits.cpu" },
  "DownwardAPIVolumeFile.fieldRef": { apiVersion: "v1", fieldPath: "metadata.name" },
  "PersistentVolumeSpec.capacity": { storage: "1" },
  "PersistentVolumeClaimSpec.accessModes": ["ReadWriteOnce"],
  "PersistentVolumeSpec.accessModes": ["ReadWriteOnce"],
  "VolumeResourceRequirements.requests": { storage: "1" },
  "VolumeResourceRequirements.limits": { storage: "2" }
}

const pod = {
  "EnvVarSource.fieldRef": { apiVersion: "v1", fieldPath: "metadata.name" },
  "Container.restartPolicy": "Always",
  "ContainerRestartRule.action": "Restart",
  "ContainerRestartRuleOnExitCodes.operator": "In",
  "ContainerResizePolicy.resourceName": "cpu",
  "ContainerResizePolicy.restartPolicy": "NotRequired",
  "Container.resources": { limits: { cpu: "1" }, requests: { cpu: "1" }, claims: [{ name: "a0", request: "a" }] },
  "PodSpec.resources": { limits: { cpu: "100" }, requests: { cpu: "100" } },
  "VolumeMount.recursiveReadOnly": "Disabled",
  "Container.securityContext": without("windowsOptions"),
  "EphemeralContainer.securityContext": without("windowsOptions"),
  "PodSpec.securityContext": without("windowsOptions"),
  "Container.readinessProbe": without("terminationGracePeriodSeconds"),
  "PodSpec.initContainers": (containers: ReadonlyArray<{ name: string }>) =>
    containers.map((c) => ({ ...c, name: `init-${c.name}` })),
  // Each container has another port of the node.
  "Container.ports": new Ways(...[1, 2, 3, 4].map((number) => [{ ...port, containerPort: number, hostPort: number }])),
  // The volumes are called by what they are: a8 is an emptyDir, a9 a claim of the pod's own.
  "FileKeySelector.volumeName": "a8",
  "VolumeMount.name": "a5",
  "VolumeMount.mountPath": "/a",
  "VolumeDevice.name": "a9",
  "VolumeDevice.devicePath": "/dev/a",
  "EndpointAddress.ip": "10.0.0.1",
  "PodSpec.overhead": { cpu: "1" },
  "PodSpec.priorityClassName": "system-node-critical",
  "PodSpec.priority": 2000001000,
  "PodDNSConfig.nameservers": ["10.0.0.1"],
  "PodSecurityContext.seLinuxChangePolicy": "Recursive",
  "HostAlias.ip": "10.0.0.1",
  "PodAffinityTerm.matchLabelKeys": ["c"],
  "PodAffinityTerm.mismatchLabelKeys": ["b"],
  "TopologySpreadConstraint.matchLabelKeys": ["c"],
  "NodeSpec.podCIDR": "10.0.0.0/24",
  "NodeSpec.podCIDRs": ["10.0.0.0/24"]
}

const noDeadline = (templates: unknown) => {
  const { spec, ...template } = templates as { readonly spec: { readonly activeDeadlineSeconds?: number } }
  return { ...template, spec: without("activeDeadlineSeconds")(spec) }
}
const jobTemplate = (template: unknown) => {
  const { spec, ...rest } = template as { readonly spec: object }
  return { ...rest, spec: { ...spec, restartPolicy: "Never" } }
}

const workloads = {
  "DaemonSetSpec.template": noDeadline,
  "DeploymentSpec.template": noDeadline,
  "ReplicaSetSpec.template": noDeadline,
  "StatefulSetSpec.template": noDeadline,
  "ReplicationControllerSpec.template": noDeadline,
  "JobSpec.template": jobTemplate,
  "DeploymentSpec.progressDeadlineSeconds": 600,
  "CronJobSpec.schedule": "* * * * *",
  "CronJobSpec.timeZone": "Etc/UTC",
  "JobSpec.managedBy": "example.com/a",
  "JobSpec.completionMode": "Indexed",
  "JobSpec.completions": 2,
  "JobSpec.suspend": true,
  "SuccessPolicyRule.succeededIndexes": "0-1",
  "PodFailurePolicyOnExitCodesRequirement.containerName": "a",
  "StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted": "Delete",
  "StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled": "Retain",
  "DeviceConstraint.matchAttribute": "example.com/a",
  "DeviceConstraint.distinctAttribute": "example.com/a",
  "DeviceConstraint.requests": ["a0"],
  "DeviceClaimConfiguration.requests": ["a0"],
  "PodFailurePolicyRule.action": "FailJob",
  "PodFailurePolicyOnExitCodesRequirement.operator": "In",
  "PodFailurePolicyOnPodConditionsPattern.status": "True"
}

const others = {
  "Event.type": "Normal",
  "ResourceQuotaSpec.hard": { pods: "1" },
  "ResourceQuotaSpec.scopes": ["NotTerminating"],
  "ServicePort.nodePort": 30123,
  "ServiceSpec.type": "LoadBalancer",
  "ServiceSpec.clusterIP": "10.96.1.2",
  "ServiceSpec.clusterIPs": ["10.96.1.2"],
  "ServiceSpec.externalIPs": ["192.0.2.1"],
  "ServiceSpec.loadBalancerIP": "192.0.2.2",
  "ServiceSpec.loadBalancerSourceRanges": ["192.0.2.0/24"],
  "ServiceSpec.ipFamilies": ["IPv4"],
  "ServiceSpec.ipFamilyPolicy": "SingleStack",
  "ServiceSpec.externalTrafficPolicy": "Local",
  "ServiceSpec.sessionAffinity": "ClientIP",
  "ServiceSpec.healthCheckNodePort": 30124,
  "ServiceSpec.trafficDistribution": "PreferClose",
  "ParamRef.parameterNotFoundAction": "Deny",
  "Validation.reason": "Invalid",
  "MutatingWebhook.name": "a.example.com",
  "ValidatingWebhook.name": "a.example.com",
  "MutatingWebhook.admissionReviewVersions": ["v1"],
  "ValidatingWebhook.admissionReviewVersions": ["v1"],
  "MutatingWebhook.sideEffects": "None",
  "ValidatingWebhook.sideEffects": "None",
  "admissionregistration.v1.ServiceReference.path": "/a",
  "apiextensions.v1.ServiceReference.path": "/a",
  "CustomResourceDefinitionSpec.group": "example.com",
  "CustomResourceDefinitionSpec.scope": "Namespaced",
  "CustomResourceDefinitionSpec.names": {
    plural: "foos",
    singular: "foo",
    kind: "Foo",
    listKind: "FooList",
    shortNames: ["fo"],
    categories: ["all"]
  },
  "CustomResourceValidation.openAPIV3Schema": everySchema,
  "CustomResourceColumnDefinition.type": "string",
  "CustomResourceColumnDefinition.format": "date",
  "CustomResourceColumnDefinition.jsonPath": ".spec.a",
  "CustomResourceSubresourceScale.specReplicasPath": ".spec.a",
  "CustomResourceSubresourceScale.statusReplicasPath": ".status.a",
  "CustomResourceSubresourceScale.labelSelectorPath": ".status.b",
  "CustomResourceDefinitionSpec.preserveUnknownFields": false,
  "SelectableField.jsonPath": ".spec.a",
  "WebhookConversion.conversionReviewVersions": ["v1"],
  "CustomResourceDefinitionVersion.deprecationWarning": "example.com/a Foo is deprecated",
  "HPAScalingRules.selectPolicy": "Max",
  "HPAScalingPolicy.type": "Pods",
  "ContainerResourceMetricSource.target": { type: "Utilization", averageUtilization: 1 },
  "v2.ResourceMetricSource.target": { type: "AverageValue", averageValue: "1" },
  "v2.PodsMetricSource.target": { type: "AverageValue", averageValue: "1" },
  "v2.ObjectMetricSource.target": { type: "Value", value: "1" },
  "v2.ExternalMetricSource.target": { type: "Value", value: "1" },
  "EventSeries.count": 2,
  // Each file of a volume has a path of its own.
  "ServiceAccountTokenProjection.path": "token",
  "ClusterTrustBundleProjection.path": "bundle",
  "ConfigMapProjection.items": [{ key: "a", path: "config", mode: 1 }],
  "SecretProjection.items": [{ key: "a", path: "secret", mode: 1 }],
  "JobStatus.completedIndexes": "0",
  "JobStatus.failedIndexes": "1",
  "AzureDiskVolumeSource.diskURI": "https://a.blob.core.windows.net/b/c.vhd",
  "PersistentVolumeClaimTemplate.metadata": { labels: { a: "a" }, annotations: { a: "a" } },
  "ResourceClaimTemplateSpec.metadata": { labels: { a: "a" }, annotations: { a: "a" } },
  "LimitRangeItem.type": "Container",
  ...Object.fromEntries(
    ["default", "defaultRequest", "max", "maxLimitRequestRatio", "min"].map((field) => [`LimitRangeItem.${field}`, { cpu: "1" }])
  ),
  "ResourceQuotaStatus.hard": { pods: "1" },
  "ResourceQuotaStatus.used": { pods: "1" },
  "NodeStatus.declaredFeatures": ["A"],
  "ServiceAccount.secrets": [{ name: "a" }],
  "LoadBalancerIngress.ipMode": "VIP",
  "PersistentVolumeClaimSpec.dataSource": snapshot,
  "PersistentVolumeClaimSpec.dataSourceRef": snapshot,
  "PersistentVolumeClaimStatus.allocatedResourceStatuses": { storage: "ControllerResizeInProgress" },
  "PersistentVolumeClaimStatus.allocatedResources": { storage: "1" },
  "VolumeAttachmentSource.inlineVolumeSpec": {
    accessModes: ["ReadWriteOnce"],
    csi: { driver: "a", volumeHandle: "a" },
    persistentVolumeReclaimPolicy: "Retain",
    volumeMode: "Filesystem"
  },
  "CrossVersionObjectReference.apiVersion": "apps/v1",
  "ContainerResourceMetricSource.name": "cpu",
  "MatchCondition.expression": "true",
  "Variable.expression": "true",
  "Validation.expression": "true",
  "Validation.messageExpression": "'a'",
  "AuditAnnotation.valueExpression": "'a'",
  "ApplyConfiguration.expression": "Object{}",
  "JSONPatch.expression": "[JSONPatch{op: 'add', path: '/a', value: 'b'}]",
  "CELDeviceSelector.expression": "true",
  "CustomResourceSubresources.status": {},
  "ResourceHealth.health": "Healthy",
  "PodStatus.podIP": "10.0.0.1",
  "PodStatus.hostIP": "10.0.0.1",
  "Device.bindingFailureConditions": ["b"],
  "JobTemplateSpec.spec": ownSelector,
  "PodDisruptionBudgetStatus.conditions": [
    { type: "a", status: "True", observedGeneration: 1, lastTransitionTime: "2026-01-02T03:04:05Z", reason: "a", message: "a" }
  ],
  "PodIP.ip": "10.0.0.1",
  "HostIP.ip": "10.0.0.1",
  "PodStatus.resourceClaimStatuses": [{ name: "a0", resourceClaimName: "a" }],
  "UncountedTerminatedPods.failed": ["b"],
  "LoadBalancerIngress.ip": "192.0.2.1",
  "IngressLoadBalancerIngress.ip": "192.0.2.1",
  "CertificateSigningRequestSpec.request": signingRequest,
  "CertificateSigningRequestCondition.type": "Failed",
  "CertificateSigningRequestCondition.status": "True",
  "CertificateSigningRequestStatus.certificate": certificate,
  // Who asks: the server writes it.
  "CertificateSigningRequestSpec.username": "a",
  "CertificateSigningRequestSpec.groups": ["system:masters", "system:authenticated"],
  "PodSpec.preemptionPolicy": "PreemptLowerPriority",
  "DeviceRequestAllocationResult.request": "a1",
  "AllocatedDeviceStatus.device": "a",
  "NamespaceSpec.finalizers": ["kubernetes"],
  "StatefulSetSpec.volumeClaimTemplates": (claims: ReadonlyArray<object>) =>
    claims.map((claim) => ({ ...claim, apiVersion: "v1", kind: "PersistentVolumeClaim" })),
  "Role.rules": [{ apiGroups: ["a"], resources: ["a"], resourceNames: ["a"], verbs: ["a"] }],
  "CertificateSigningRequestSpec.signerName": "example.com/signer",
  "CertificateSigningRequestSpec.expirationSeconds": 3600,
  "EndpointSlice.addressType": "IPv4",
  "discovery.v1.Endpoint.addresses": ["10.0.0.1"],
  "FlowSchemaSpec.matchingPrecedence": 100,
  "FlowDistinguisherMethod.type": "ByUser",
  "ResourcePolicyRule.verbs": ["get"],
  "NonResourcePolicyRule.verbs": ["get"],
  "NonResourcePolicyRule.nonResourceURLs": ["/a"],
  "IngressClassSpec.controller": "example.com/a",
  "IngressClassParametersReference.scope": "Namespace",
  "HTTPIngressPath.path": "/a",
  "IPBlock.cidr": "10.0.0.0/8",
  "IPBlock.except": ["10.1.0.0/16"],
  "ServiceCIDRSpec.cidrs": ["192.0.2.0/24"],
  "Overhead.podFixed": { cpu: "1" },
  "RoleRef.apiGroup": "rbac.authorization.k8s.io",
  "ClusterRoleBinding.roleRef": { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "a" },
  "RoleBinding.roleRef": { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "a" },
  "DeviceClassSpec.extendedResourceName": "example.com/a",
  "CSIDriverSpec.fsGroupPolicy": "File",
  "CSIDriverSpec.volumeLifecycleModes": ["Persistent"],
  "CSIDriverSpec.nodeAllocatableUpdatePeriodSeconds": 10,
  "storage.v1.TokenRequest.expirationSeconds": 3600
}

const places = ["nodeName", "nodeSelector", "allNodes"]
type Devices = ReadonlyArray<Readonly<Record<string, unknown>>>
const anywhere = (devices: Devices) => devices.map((device) => places.reduce((rest, place) => without(place)(rest), device))
/** A device for each way to say where it is. */
const placed = (devices: Devices) =>
  places.flatMap((place) =>
    anywhere(devices).map((device, i) => ({ ...device, name: `${place.toLowerCase()}${i}`, [place]: devices[i]?.[place] }))
  )

const shapes: Readonly<Record<string, ReadonlyArray<Shape>>> = {
  LabelSelectorRequirement: [{ set: { operator: "In" } }, { without: ["values"], set: { operator: "Exists" } }],
  NodeSelectorRequirement: [{ set: { operator: "In" } }, { without: ["values"], set: { operator: "Exists" } }],
  NodeSelectorTerm: [{ set: { matchFields: [{ key: "metadata.name", operator: "In", values: ["a"] }] } }],
  "core.v1.Volume": oneOf(volumes, ["name"]),
  FCVolumeSource: [{ without: ["wwids"] }, { without: ["targetWWNs", "lun"] }],
  FlockerVolumeSource: [{ without: ["datasetName"] }, { without: ["datasetUUID"] }],
  DownwardAPIVolumeFile: [{ without: ["fieldRef"] }, { without: ["resourceFieldRef"], set: { path: "b" } }],
  VolumeProjection: oneOf(["clusterTrustBundle", "configMap", "downwardAPI", "podCertificate", "secret", "serviceAccountToken"]),
  PersistentVolumeSpec: persistent.map((field) => ({
    without: [...persistent.filter((other) => other !== field), ...(field === "csi" ? [] : ["volumeAttributesClassName"])]
  })),
  LifecycleHandler: oneOf(["exec", "httpGet", "tcpSocket", "sleep"]),
  PodSpec: [
    {
      without: ["ephemeralContainers", "hostnameOverride", "nodeName", "shareProcessNamespace"],
      set: { os: { name: "linux" }, containers: oneCalledA }
    },
    {
      only: ["hostnameOverride", "nodeName", "shareProcessNamespace", "resourceClaims", ...priority],
      set: { containers: [{ name: "a", image: "a" }] }
    },
    {
      only: ["nodeName", "resourceClaims", ...priority],
      set: {
        hostNetwork: true,
        containers: [{ name: "a", image: "a", securityContext: { windowsOptions } }],
        os: { name: "windows" },
        securityContext: { windowsOptions }
      }
    }
  ],
  PodResourceClaim: [{ without: ["resourceClaimName"] }, { without: ["resourceClaimTemplateName"] }],
  DeploymentStrategy: [{ set: { type: "RollingUpdate" } }, { without: ["rollingUpdate"], set: { type: "Recreate" } }],
  StatefulSetUpdateStrategy: [{ set: { type: "RollingUpdate" } }, { without: ["rollingUpdate"], set: { type: "OnDelete" } }],
  PodFailurePolicyRule: [{ without: ["onExitCodes"] }, { without: ["onPodConditions"] }],
  DeviceRequest: [{ without: ["exactly"] }, { without: ["firstAvailable"] }],
  ExactDeviceRequest: [{ without: ["count"] }, { set: { allocationMode: "ExactCount" } }],
  DeviceSubRequest: [{ without: ["count"] }, { set: { allocationMode: "ExactCount" } }],
  DeviceConstraint: [{ without: ["distinctAttribute"] }, { without: ["matchAttribute"] }],
  Secret: [{ without: ["stringData"] }],
  ConfigMap: [{ set: { binaryData: { b: "YQ==" } } }],
  ScopedResourceSelectorRequirement: [
    { set: { scopeName: "NotTerminating", operator: "Exists" }, without: ["values"] },
    { set: { scopeName: "PriorityClass", operator: "In", values: ["a"] } }
  ],
  Mutation: [
    { without: ["jsonPatch"], set: { patchType: "ApplyConfiguration" } },
    { without: ["applyConfiguration"], set: { patchType: "JSONPatch" } }
  ],
  ParamRef: [{ without: ["selector"] }, { without: ["name"] }],
  "admissionregistration.v1.WebhookClientConfig": [
    { without: ["url"] },
    { without: ["service"], set: { url: "https://example.com/a" } }
  ],
  CustomResourceConversion: [{ without: ["webhook"], set: { strategy: "None" } }, { set: { strategy: "Webhook" } }],
  "apiextensions.v1.WebhookClientConfig": [{ without: ["url"] }, { without: ["service"], set: { url: "https://example.com/a" } }],
  APIServiceSpec: [
    { without: ["insecureSkipTLSVerify"], set: { group: "example.com", version: "v1" } },
    { without: ["caBundle"], set: { group: "example.com", version: "v1" } }
  ],
  "autoscaling.v2.MetricSpec": ["containerResource", "external", "object", "pods", "resource"].map((field) => ({
    only: [field],
    set: { type: `${field[0]?.toUpperCase()}${field.slice(1)}` }
  })),
  "flowcontrol.v1.Subject": [
    { only: ["group"], set: { kind: "Group" } },
    { only: ["user"], set: { kind: "User" } },
    { only: ["serviceAccount"], set: { kind: "ServiceAccount" } }
  ],
  ResourcePolicyRule: [{ without: ["clusterScope"] }, { without: ["namespaces"], set: { clusterScope: true } }],
  PriorityLevelConfigurationSpec: [{ without: ["exempt"], set: { type: "Limited" } }],
  LimitResponse: [{ set: { type: "Queue" } }, { without: ["queuing"], set: { type: "Reject" } }],
  IngressBackend: [{ without: ["resource"] }, { without: ["service"] }],
  ServiceBackendPort: [{ without: ["name"] }, { without: ["number"] }],
  NetworkPolicyPeer: [{ without: ["ipBlock"] }, { only: ["ipBlock"] }],
  PodDisruptionBudgetSpec: [{ without: ["minAvailable"] }, { without: ["maxUnavailable"] }],
  "rbac.v1.Subject": [
    { without: ["namespace"], set: { kind: "User", apiGroup: "rbac.authorization.k8s.io" } },
    { without: ["apiGroup"], set: { kind: "ServiceAccount" } }
  ],
  PolicyRule: [{ without: ["nonResourceURLs"] }, { only: ["verbs", "nonResourceURLs"] }],
  ResourceSliceSpec: [
    { without: ["nodeSelector", "allNodes", "perDeviceNodeSelection", "sharedCounters"], set: { devices: anywhere } },
    { without: ["nodeName", "allNodes", "perDeviceNodeSelection", "devices"] },
    { without: ["nodeName", "nodeSelector", "allNodes", "sharedCounters"], set: { devices: placed } },
    { without: ["nodeName", "nodeSelector", "perDeviceNodeSelection", "devices"] }
  ],
  DeviceAttribute: ["bool", "bools", "int", "ints", "string", "strings"]
    .map((field): Shape => ({ only: [field] }))
    .concat({ set: { version: "1.0.0" }, only: [] }, { set: { versions: ["1.0.0"] }, only: [] }),
  EphemeralContainer: [
    { without: unfitForEphemeral, set: { name: "debug", targetContainerName: "a", volumeMounts: ephemeralMounts } }
  ],
  VolumeAttachmentSource: [{ without: ["inlineVolumeSpec"] }, { without: ["persistentVolumeName"] }],
  "core.v1.Event": [{}],
  "events.v1.Event": [
    { without: ["deprecatedCount", "deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedSource"] }
  ],
  JobStatus: [
    { without: ["completionTime"], set: { startTime: "2026-01-02T03:04:05Z" } },
    { only: ["startTime", "completionTime"], set: { conditions: ["SuccessCriteriaMet", "Complete"].map(trueCondition) } }
  ],
  NodeSpec: [{ without: ["configSource"] }],
  NodeStatus: [{ without: ["config"] }],
  PodStatus: [{ without: ["nominatedNodeName"] }],
  "discovery.v1.Endpoint": [{ without: ["deprecatedTopology"] }],
  CapacityRequestPolicy: [{ without: ["validValues"] }, { without: ["validRange"] }],
  VolumeMount: [{ without: ["subPath"] }, { without: ["subPathExpr"] }],
  Probe: probeHandlers.map((field) => ({ without: probeHandlers.filter((other) => other !== field) })),
  EnvVar: [{ without: ["valueFrom"] }, { without: ["value"] }],
  EnvVarSource: oneOf(["configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"]),
  EnvFromSource: [{ without: ["secretRef"] }, { without: ["configMapRef"] }]
}

export const hints: Hints = { values: { ...meta, ...volume, ...pod, ...workloads, ...others }, shapes }
