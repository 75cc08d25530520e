/** Every kind that differs from the plainest: a new kind is one entry here, beside its schema in the catalog. @module */
import type { Resource } from "@tsukube/api"
import * as admissionregistration from "@tsukube/api/admissionregistration-v1"
import * as apiextensions from "@tsukube/api/apiextensions-v1"
import * as apiregistration from "@tsukube/api/apiregistration-v1"
import * as apps from "@tsukube/api/apps-v1"
import * as autoscalingV1 from "@tsukube/api/autoscaling-v1"
import * as autoscaling from "@tsukube/api/autoscaling-v2"
import * as batch from "@tsukube/api/batch-v1"
import * as certificates from "@tsukube/api/certificates-v1"
import * as certificatesBeta from "@tsukube/api/certificates-v1beta1"
import * as coordination from "@tsukube/api/coordination-v1"
import * as coordinationBeta from "@tsukube/api/coordination-v1beta1"
import * as core from "@tsukube/api/core-v1"
import * as discovery from "@tsukube/api/discovery-v1"
import * as events from "@tsukube/api/events-v1"
import * as flowcontrol from "@tsukube/api/flowcontrol-v1"
import * as internal from "@tsukube/api/internal-v1alpha1"
import * as networking from "@tsukube/api/networking-v1"
import * as node from "@tsukube/api/node-v1"
import * as policy from "@tsukube/api/policy-v1"
import * as rbac from "@tsukube/api/rbac-v1"
import * as resource from "@tsukube/api/resource-v1"
import * as scheduling from "@tsukube/api/scheduling-v1"
import * as storage from "@tsukube/api/storage-v1"
import * as storagemigration from "@tsukube/api/storagemigration-v1beta1"
import * as cluster from "../encode/columns/cluster.ts"
import * as extension from "../encode/columns/extension.ts"
import * as network from "../encode/columns/network.ts"
import { podPrinter } from "../encode/columns/pod.ts"
import * as storageColumns from "../encode/columns/storage.ts"
import * as workload from "../encode/columns/workload.ts"
import { certificateSigningRequests } from "../strategies/certificate-signing-requests.ts"
import { daemonSets } from "../strategies/daemon-sets.ts"
import {
  beginning,
  endpointSlices,
  nodes,
  persistentVolumes,
  serviceAccounts,
  unattached,
  unbalanced,
  uncounted
} from "../strategies/fixed.ts"
import { jobs } from "../strategies/jobs.ts"
import { namespaces } from "../strategies/namespaces.ts"
import { persistentVolumeClaims } from "../strategies/persistent-volume-claims.ts"
import { pods } from "../strategies/pods.ts"
import { services } from "../strategies/services.ts"
import type { Strategy } from "../strategies/strategy.ts"
import { at, atOr, eventSource, paths, referenceFields } from "./field.ts"
import { type Kind, kind } from "./kind.ts"

const counted = { generation: true }
const createdByUpdate = { createOnUpdate: true }
const versioned = { unconditionalUpdate: false }
const shownWhenDeleted = { returnsDeleted: true }

const deployments: Strategy<apps.Deployment> = {
  generation: true,
  updateStatus: (deployment, old) => {
    const { labels: _, ...metadata } = deployment.metadata ?? {}
    const labels = old.metadata?.labels
    return { ...deployment, metadata: { ...metadata, ...(labels === undefined ? {} : { labels }) } }
  }
}

const kinds: ReadonlyArray<Kind> = [
  kind(core.configmaps, { printer: cluster.configMapPrinter }),
  kind(core.endpoints, { strategy: createdByUpdate, printer: network.endpointsPrinter }),
  kind(core.events, {
    strategy: createdByUpdate,
    printer: cluster.eventPrinter,
    fields: { ...referenceFields("involvedObject"), ...paths("reason", "reportingComponent", "type"), source: eventSource }
  }),
  kind(core.limitranges, { strategy: createdByUpdate, printer: cluster.limitRangePrinter }),
  kind(core.namespaces, {
    strategy: namespaces,
    printer: cluster.namespacePrinter,
    fields: paths("status.phase")
  }),
  kind(core.nodes, {
    strategy: nodes,
    printer: cluster.nodePrinter,
    fields: { "spec.unschedulable": atOr("spec.unschedulable", "false") }
  }),
  kind(core.persistentvolumeclaims, {
    strategy: persistentVolumeClaims,
    printer: storageColumns.persistentVolumeClaimPrinter
  }),
  kind(core.persistentvolumes, {
    strategy: persistentVolumes,
    printer: storageColumns.persistentVolumePrinter
  }),
  kind(core.pods, {
    strategy: pods,
    printer: podPrinter,
    fields: {
      ...paths(
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName"
      ),
      "spec.hostNetwork": atOr("spec.hostNetwork", "false"),
      "spec.host": at("spec.nodeName"),
      "status.podIPs": at("status.podIP")
    }
  }),
  kind(core.podtemplates, {
    strategy: { ...counted, createOnUpdate: true, returnsDeleted: true },
    printer: workload.podTemplatePrinter
  }),
  kind(core.replicationcontrollers, {
    strategy: { ...counted, orphansDependents: true },
    printer: workload.replicationControllerPrinter,
    fields: { "status.replicas": atOr("status.replicas", "0") }
  }),
  kind(core.resourcequotas, { strategy: shownWhenDeleted, printer: cluster.resourceQuotaPrinter }),
  kind(core.secrets, { printer: cluster.secretPrinter, fields: paths("type") }),
  kind(core.serviceaccounts, { strategy: serviceAccounts, printer: cluster.serviceAccountPrinter }),
  kind(core.services, { strategy: services, printer: network.servicePrinter, fields: paths("spec.clusterIP", "spec.type") }),
  kind(admissionregistration.mutatingadmissionpolicies, { printer: extension.mutatingPolicyPrinter, strategy: counted }),
  kind(admissionregistration.mutatingadmissionpolicybindings, { printer: extension.policyBindingPrinter, strategy: counted }),
  kind(admissionregistration.mutatingwebhookconfigurations, {
    strategy: { generation: true, unconditionalUpdate: false },
    printer: cluster.webhooksPrinter
  }),
  kind(admissionregistration.validatingadmissionpolicies, { printer: extension.validatingPolicyPrinter, strategy: counted }),
  kind(admissionregistration.validatingadmissionpolicybindings, { printer: extension.policyBindingPrinter, strategy: counted }),
  kind(admissionregistration.validatingwebhookconfigurations, {
    strategy: { generation: true, unconditionalUpdate: false },
    printer: cluster.webhooksPrinter
  }),
  kind(apiextensions.customresourcedefinitions, {
    printer: extension.customResourceDefinitionPrinter,
    strategy: { generation: true, unconditionalUpdate: false }
  }),
  kind(apiregistration.apiservices, { printer: extension.apiServicePrinter, strategy: versioned }),
  kind(apps.controllerrevisions, { printer: workload.controllerRevisionPrinter }),
  kind(apps.daemonsets, { strategy: daemonSets, printer: workload.daemonSetPrinter }),
  kind(apps.deployments, { strategy: deployments, printer: workload.deploymentPrinter }),
  kind(apps.replicasets, {
    strategy: counted,
    printer: workload.replicaSetPrinter
  }),
  kind(apps.statefulsets, { strategy: counted, printer: workload.statefulSetPrinter }),
  kind(autoscalingV1.horizontalpodautoscalers, { printer: workload.horizontalPodAutoscalerV1Printer }),
  kind(autoscaling.horizontalpodautoscalers, { printer: workload.horizontalPodAutoscalerPrinter }),
  kind(batch.cronjobs, { strategy: counted, printer: workload.cronJobPrinter }),
  kind(batch.jobs, {
    strategy: jobs,
    printer: workload.jobPrinter,
    fields: { "status.successful": atOr("status.succeeded", "0") }
  }),
  kind(certificates.certificatesigningrequests, {
    strategy: certificateSigningRequests,
    printer: cluster.certificateSigningRequestPrinter,
    fields: paths("spec.signerName")
  }),
  kind(coordination.leases, { strategy: { createOnUpdate: true, unconditionalUpdate: false }, printer: cluster.leasePrinter }),
  kind(discovery.endpointslices, { strategy: endpointSlices, printer: network.endpointSlicePrinter }),
  kind(events.events, {
    printer: cluster.eventPrinter,
    fields: {
      ...referenceFields("regarding"),
      ...paths("reason", "reportingController", "type"),
      source: (object) => at("deprecatedSource.component")(object) || at("reportingController")(object)
    }
  }),
  kind(flowcontrol.flowschemas, {
    printer: extension.flowSchemaPrinter,
    strategy: { generation: true, unconditionalUpdate: false }
  }),
  kind(flowcontrol.prioritylevelconfigurations, {
    printer: extension.priorityLevelPrinter,
    strategy: { generation: true, unconditionalUpdate: false }
  }),
  kind(networking.ingressclasses, { strategy: counted, printer: network.ingressClassPrinter }),
  kind(networking.ingresses, { strategy: beginning(unbalanced, counted), printer: network.ingressPrinter }),
  kind(networking.ipaddresses, {
    printer: network.ipAddressPrinter,
    fields: paths("spec.parentRef.name", "spec.parentRef.namespace")
  }),
  kind(networking.networkpolicies, { strategy: counted, printer: network.networkPolicyPrinter }),
  kind(networking.servicecidrs, { strategy: { keepsStatus: true }, printer: network.serviceCidrPrinter }),
  kind(node.runtimeclasses, { strategy: versioned, printer: cluster.runtimeClassPrinter }),
  kind(policy.poddisruptionbudgets, {
    strategy: beginning(uncounted, { generation: true, unconditionalUpdate: false }),
    printer: workload.podDisruptionBudgetPrinter
  }),
  kind(rbac.clusterrolebindings, { strategy: createdByUpdate, printer: cluster.roleBindingPrinter }),
  kind(rbac.clusterroles, { strategy: createdByUpdate, printer: cluster.rolePrinter }),
  kind(rbac.rolebindings, { strategy: createdByUpdate, printer: cluster.roleBindingPrinter }),
  kind(rbac.roles, { strategy: createdByUpdate, printer: cluster.rolePrinter }),
  kind(resource.resourceslices, {
    strategy: counted,
    printer: extension.resourceSlicePrinter,
    fields: paths("spec.nodeName", "spec.driver")
  }),
  kind(scheduling.priorityclasses, { strategy: counted, printer: cluster.priorityClassPrinter }),
  kind(storage.csidrivers, {
    strategy: { returnsDeleted: true, unconditionalUpdate: false },
    printer: storageColumns.csiDriverPrinter
  }),
  kind(storage.csinodes, {
    strategy: { returnsDeleted: true, unconditionalUpdate: false },
    printer: storageColumns.csiNodePrinter
  }),
  kind(storage.csistoragecapacities, { strategy: shownWhenDeleted }),
  kind(storage.storageclasses, { strategy: shownWhenDeleted, printer: storageColumns.storageClassPrinter }),
  kind(storage.volumeattachments, {
    strategy: beginning(unattached, { returnsDeleted: true, unconditionalUpdate: false }),
    printer: storageColumns.volumeAttachmentPrinter
  }),
  kind(storage.volumeattributesclasses, { printer: extension.driverPrinter, strategy: shownWhenDeleted }),
  kind(core.componentstatuses, { printer: extension.componentStatusPrinter }),
  kind(resource.deviceclasses, { strategy: counted, printer: extension.agePrinter }),
  kind(resource.resourceclaimtemplates, { printer: extension.agePrinter }),
  kind(resource.resourceclaims, { printer: extension.resourceClaimPrinter }),
  kind(certificatesBeta.clustertrustbundles, {
    printer: extension.clusterTrustBundlePrinter,
    fields: paths("spec.signerName")
  }),
  kind(certificatesBeta.podcertificaterequests, { printer: extension.podCertificateRequestPrinter }),
  kind(coordinationBeta.leasecandidates, { printer: extension.leaseCandidatePrinter }),
  kind(internal.storageversions, { printer: extension.storageVersionPrinter }),
  kind(storagemigration.storageversionmigrations, { printer: extension.storageVersionMigrationPrinter })
]

const nameOf = ({ group, plural }: Resource<unknown>): string => `${plural}.${group}`
const byResource = new Map(kinds.map((entry) => [entry.resource, entry]))
/** Versions without an entry of their own are as the first of their name. */
const byName = new Map([...kinds].reverse().map((entry) => [nameOf(entry.resource), entry]))
const none: Omit<Kind, "resource"> = {}

/** The entry of a resource; an empty one for kinds that are like any other. */
export const kindOf = (resource: Resource): Omit<Kind, "resource"> =>
  byResource.get(resource) ?? byName.get(nameOf(resource)) ?? none

/** The strategy of a stored resource. */
export const strategyOf = (resource: Resource): Strategy => kindOf(resource).strategy ?? {}
