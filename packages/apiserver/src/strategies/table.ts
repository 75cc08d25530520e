/** Which strategy each resource has, by `plural.group`. @module */
import type { KubernetesObject, Resource } from "@tsukube/api"
import type { Deployment } from "@tsukube/api/apps-v1"
import { certificateSigningRequests } from "./certificate-signing-requests.ts"
import { jobs } from "./jobs.ts"
import { namespaces } from "./namespaces.ts"
import { pods } from "./pods.ts"
import { services } from "./services.ts"
import type { Strategy } from "./strategy.ts"

const counted: Strategy = { generation: true }
const createdByUpdate: Strategy = { createOnUpdate: true }
const versioned: Strategy = { unconditionalUpdate: false }
const shownWhenDeleted: Strategy = { returnsDeleted: true }

/** Forgets the type of the objects: the table's keys say it. */
const of = <T extends KubernetesObject>(strategy: Strategy<T>): Strategy => strategy as unknown as Strategy

const deployments: Strategy<Deployment> = {
  generation: true,
  updateStatus: (deployment, old) => {
    const { labels: _, ...metadata } = deployment.metadata ?? {}
    const labels = old.metadata?.labels
    return { ...deployment, metadata: { ...metadata, ...(labels === undefined ? {} : { labels }) } }
  }
}

const strategies: Readonly<Record<string, Strategy>> = {
  "endpoints.": createdByUpdate,
  "events.": createdByUpdate,
  "limitranges.": createdByUpdate,
  "namespaces.": of(namespaces),
  "nodes.": { keepsStatus: true },
  "persistentvolumeclaims.": {
    returnsDeleted: true,
    create: (claim) => Object.assign({}, claim, { status: { phase: "Pending" } })
  },
  "persistentvolumes.": { returnsDeleted: true, create: (volume) => Object.assign({}, volume, { status: { phase: "Pending" } }) },
  "pods.": of(pods),
  "podtemplates.": { createOnUpdate: true, returnsDeleted: true },
  "replicationcontrollers.": counted,
  "resourcequotas.": shownWhenDeleted,
  "serviceaccounts.": shownWhenDeleted,
  "services.": of(services),
  "mutatingadmissionpolicies.admissionregistration.k8s.io": counted,
  "mutatingadmissionpolicybindings.admissionregistration.k8s.io": counted,
  "mutatingwebhookconfigurations.admissionregistration.k8s.io": { generation: true, unconditionalUpdate: false },
  "validatingadmissionpolicies.admissionregistration.k8s.io": counted,
  "validatingadmissionpolicybindings.admissionregistration.k8s.io": counted,
  "validatingwebhookconfigurations.admissionregistration.k8s.io": { generation: true, unconditionalUpdate: false },
  "customresourcedefinitions.apiextensions.k8s.io": { generation: true, unconditionalUpdate: false },
  "apiservices.apiregistration.k8s.io": versioned,
  "daemonsets.apps": counted,
  "deployments.apps": of(deployments),
  "replicasets.apps": counted,
  "statefulsets.apps": counted,
  "cronjobs.batch": counted,
  "jobs.batch": of(jobs),
  "certificatesigningrequests.certificates.k8s.io": of(certificateSigningRequests),
  "leases.coordination.k8s.io": { createOnUpdate: true, unconditionalUpdate: false },
  "endpointslices.discovery.k8s.io": counted,
  "flowschemas.flowcontrol.apiserver.k8s.io": { generation: true, unconditionalUpdate: false },
  "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": { generation: true, unconditionalUpdate: false },
  "ingressclasses.networking.k8s.io": counted,
  "ingresses.networking.k8s.io": counted,
  "networkpolicies.networking.k8s.io": counted,
  "servicecidrs.networking.k8s.io": { keepsStatus: true },
  "runtimeclasses.node.k8s.io": versioned,
  "poddisruptionbudgets.policy": { generation: true, unconditionalUpdate: false },
  "clusterrolebindings.rbac.authorization.k8s.io": createdByUpdate,
  "clusterroles.rbac.authorization.k8s.io": createdByUpdate,
  "rolebindings.rbac.authorization.k8s.io": createdByUpdate,
  "roles.rbac.authorization.k8s.io": createdByUpdate,
  "priorityclasses.scheduling.k8s.io": counted,
  "csidrivers.storage.k8s.io": { returnsDeleted: true, unconditionalUpdate: false },
  "csinodes.storage.k8s.io": { returnsDeleted: true, unconditionalUpdate: false },
  "csistoragecapacities.storage.k8s.io": shownWhenDeleted,
  "storageclasses.storage.k8s.io": shownWhenDeleted,
  "volumeattachments.storage.k8s.io": { returnsDeleted: true, unconditionalUpdate: false },
  "volumeattributesclasses.storage.k8s.io": shownWhenDeleted
}

const none: Strategy = {}

/** The strategy of a stored resource. */
export const strategyOf = (resource: Resource): Strategy => strategies[`${resource.plural}.${resource.group}`] ?? none
