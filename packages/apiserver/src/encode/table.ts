/** Prints objects as the rows of a Table, with the columns that kubectl's users know. @module */
import { groupResourceOf, type KubernetesObject } from "@tsukube/api"
import type { ToTable } from "../request.ts"
import { ageColumn, nameColumn, type Printer } from "./column.ts"
import * as cluster from "./columns/cluster.ts"
import * as network from "./columns/network.ts"
import { podPrinter } from "./columns/pod.ts"
import * as storage from "./columns/storage.ts"
import * as workload from "./columns/workload.ts"

/** By `resource.group`; where versions differ, by `resource.version.group`. */
const printers: Readonly<Record<string, Printer>> = {
  pods: podPrinter,
  podtemplates: workload.podTemplatePrinter,
  replicationcontrollers: workload.replicationControllerPrinter,
  "deployments.apps": workload.deploymentPrinter,
  "replicasets.apps": workload.replicaSetPrinter,
  "statefulsets.apps": workload.statefulSetPrinter,
  "daemonsets.apps": workload.daemonSetPrinter,
  "controllerrevisions.apps": workload.controllerRevisionPrinter,
  "jobs.batch": workload.jobPrinter,
  "cronjobs.batch": workload.cronJobPrinter,
  "horizontalpodautoscalers.autoscaling": workload.horizontalPodAutoscalerPrinter,
  "horizontalpodautoscalers.v1.autoscaling": workload.horizontalPodAutoscalerV1Printer,
  "poddisruptionbudgets.policy": workload.podDisruptionBudgetPrinter,
  services: network.servicePrinter,
  endpoints: network.endpointsPrinter,
  "endpointslices.discovery.k8s.io": network.endpointSlicePrinter,
  "ingresses.networking.k8s.io": network.ingressPrinter,
  "ingressclasses.networking.k8s.io": network.ingressClassPrinter,
  "networkpolicies.networking.k8s.io": network.networkPolicyPrinter,
  "servicecidrs.networking.k8s.io": network.serviceCidrPrinter,
  "ipaddresses.networking.k8s.io": network.ipAddressPrinter,
  nodes: cluster.nodePrinter,
  namespaces: cluster.namespacePrinter,
  events: cluster.eventPrinter,
  "events.events.k8s.io": cluster.eventPrinter,
  configmaps: cluster.configMapPrinter,
  secrets: cluster.secretPrinter,
  serviceaccounts: cluster.serviceAccountPrinter,
  resourcequotas: cluster.resourceQuotaPrinter,
  limitranges: cluster.limitRangePrinter,
  "leases.coordination.k8s.io": cluster.leasePrinter,
  "roles.rbac.authorization.k8s.io": cluster.rolePrinter,
  "clusterroles.rbac.authorization.k8s.io": cluster.rolePrinter,
  "rolebindings.rbac.authorization.k8s.io": cluster.roleBindingPrinter,
  "clusterrolebindings.rbac.authorization.k8s.io": cluster.roleBindingPrinter,
  "priorityclasses.scheduling.k8s.io": cluster.priorityClassPrinter,
  "runtimeclasses.node.k8s.io": cluster.runtimeClassPrinter,
  "certificatesigningrequests.certificates.k8s.io": cluster.certificateSigningRequestPrinter,
  "mutatingwebhookconfigurations.admissionregistration.k8s.io": cluster.webhooksPrinter,
  "validatingwebhookconfigurations.admissionregistration.k8s.io": cluster.webhooksPrinter,
  persistentvolumes: storage.persistentVolumePrinter,
  persistentvolumeclaims: storage.persistentVolumeClaimPrinter,
  "storageclasses.storage.k8s.io": storage.storageClassPrinter,
  "volumeattachments.storage.k8s.io": storage.volumeAttachmentPrinter,
  "csinodes.storage.k8s.io": storage.csiNodePrinter,
  "csidrivers.storage.k8s.io": storage.csiDriverPrinter
}

const defaultPrinter: Printer = { columns: [nameColumn, ageColumn] }

const partial = ({ metadata }: KubernetesObject): object => ({
  kind: "PartialObjectMetadata",
  apiVersion: "meta.k8s.io/v1",
  metadata: metadata ?? {}
})

/** Kinds without columns of their own show their name and age. All columns are sent: the client leaves out the wide ones. */
export const toTable: ToTable = (objects, resource, { includeObject, now }) => {
  const { columns, conditions } =
    printers[`${resource.plural}.${resource.version}.${resource.group}`] ?? printers[groupResourceOf(resource)] ?? defaultPrinter
  return {
    columnDefinitions: columns.map(({ name, type, format, priority }) => ({ name, type, format, description: "", priority })),
    rows: objects.map((object) => {
      const marks = conditions?.(object)
      return {
        cells: columns.map(({ cell }) => cell(object, now)),
        ...(marks === undefined ? {} : { conditions: marks }),
        ...(includeObject === "None" ? {} : { object: includeObject === "Object" ? object : partial(object) })
      }
    })
  }
}
