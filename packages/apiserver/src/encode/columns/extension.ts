/** Columns of what extends or steers the API itself: policies, priorities, devices, certificates and their versions. @module */
import type { KubernetesObject } from "@tsukube/api"
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding
} from "@tsukube/api/admissionregistration-v1"
import type { APIService } from "@tsukube/api/apiregistration-v1"
import type { ClusterTrustBundle, PodCertificateRequest } from "@tsukube/api/certificates-v1beta1"
import type { LeaseCandidate } from "@tsukube/api/coordination-v1beta1"
import type { ComponentStatus } from "@tsukube/api/core-v1"
import type { FlowSchema, PriorityLevelConfiguration } from "@tsukube/api/flowcontrol-v1"
import type { StorageVersion } from "@tsukube/api/internal-v1alpha1"
import type { ResourceClaim, ResourceSlice } from "@tsukube/api/resource-v1"
import type { StorageVersionMigration } from "@tsukube/api/storagemigration-v1beta1"
import { ageColumn, createdColumn, nameColumn, none, number, orNone, type Printer, printer, text } from "../column.ts"

const unset = "<unset>"

const paramKindOf = (kind: { readonly apiVersion?: string; readonly kind?: string } | undefined): string =>
  kind === undefined ? unset : `${kind.apiVersion ?? ""}/${kind.kind ?? ""}`

const paramRefOf = (reference: { readonly namespace?: string; readonly name?: string } | undefined): string => {
  if (reference === undefined) return unset
  const { namespace = "", name = "" } = reference
  return namespace === "" ? name || "*" : `${namespace}/${name || "*"}`
}

export const validatingPolicyPrinter: Printer = printer<ValidatingAdmissionPolicy>([
  nameColumn,
  number("Validations", ({ spec }) => spec?.validations?.length ?? 0),
  text("ParamKind", ({ spec }) => paramKindOf(spec?.paramKind)),
  ageColumn
])

export const mutatingPolicyPrinter: Printer = printer<MutatingAdmissionPolicy>([
  nameColumn,
  number("Mutations", ({ spec }) => spec?.mutations?.length ?? 0),
  text("ParamKind", ({ spec }) => paramKindOf(spec?.paramKind)),
  ageColumn
])

export const policyBindingPrinter: Printer = printer<ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding>([
  nameColumn,
  text("PolicyName", ({ spec }) => spec?.policyName ?? ""),
  text("ParamRef", ({ spec }) => paramRefOf(spec?.paramRef)),
  ageColumn
])

export const flowSchemaPrinter: Printer = printer<FlowSchema>([
  nameColumn,
  text("PriorityLevel", ({ spec }) => spec?.priorityLevelConfiguration?.name ?? ""),
  text("MatchingPrecedence", ({ spec }) => spec?.matchingPrecedence ?? 0),
  text("DistinguisherMethod", ({ spec }) => spec?.distinguisherMethod?.type ?? none),
  ageColumn,
  text("MissingPL", ({ status }) => status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?")
])

const queuing = ({ spec }: PriorityLevelConfiguration) => spec?.limited?.limitResponse?.queuing

export const priorityLevelPrinter: Printer = printer<PriorityLevelConfiguration>([
  nameColumn,
  text("Type", ({ spec }) => spec?.type ?? ""),
  text("NominalConcurrencyShares", ({ spec }) => spec?.limited?.nominalConcurrencyShares ?? none),
  text("Queues", (level) => queuing(level)?.queues ?? none),
  text("HandSize", (level) => queuing(level)?.handSize ?? none),
  text("QueueLengthLimit", (level) => queuing(level)?.queueLengthLimit ?? none),
  ageColumn
])

export const customResourceDefinitionPrinter: Printer = printer([nameColumn, createdColumn])

const availability = ({ status }: APIService): string => {
  const condition = status?.conditions?.find(({ type }) => type === "Available")
  if (condition === undefined) return "Unknown"
  return condition.status === "True" ? "True" : `${condition.status} (${condition.reason ?? ""})`
}

export const apiServicePrinter: Printer = printer<APIService>([
  nameColumn,
  text("Service", ({ spec }) =>
    spec?.service === undefined ? "Local" : `${spec.service.namespace ?? ""}/${spec.service.name ?? ""}`
  ),
  text("Available", availability),
  ageColumn
])

const claimState = ({ metadata, status }: ResourceClaim): string => {
  const states: Array<string> = []
  if (metadata?.deletionTimestamp !== undefined) states.push("deleted")
  if (status?.allocation === undefined) {
    if (metadata?.deletionTimestamp === undefined) states.push("pending")
  } else states.push("allocated", ...((status.reservedFor ?? []).length > 0 ? ["reserved"] : []))
  return states.join(",")
}

/** Kinds with nothing to show but their age. */
export const agePrinter: Printer = printer([nameColumn, ageColumn])

export const resourceClaimPrinter: Printer = printer<ResourceClaim>([nameColumn, text("State", claimState), ageColumn])

export const resourceSlicePrinter: Printer = printer<ResourceSlice>([
  nameColumn,
  text("Node", ({ spec }) => spec?.nodeName ?? ""),
  text("Driver", ({ spec }) => spec?.driver ?? ""),
  text("Pool", ({ spec }) => spec?.pool?.name ?? ""),
  ageColumn
])

export const componentStatusPrinter: Printer = printer<ComponentStatus>([
  nameColumn,
  text("Status", ({ conditions = [] }) =>
    conditions.some(({ type, status }) => type === "Healthy" && status === "True") ? "Healthy" : "Unhealthy"
  ),
  text("Message", ({ conditions = [] }) => conditions.find(({ type }) => type === "Healthy")?.message ?? ""),
  text("Error", ({ conditions = [] }) => conditions.find(({ type }) => type === "Healthy")?.error ?? "")
])

export const leaseCandidatePrinter: Printer = printer<LeaseCandidate>([
  nameColumn,
  text("LeaseName", ({ spec }) => spec?.leaseName ?? ""),
  text("BinaryVersion", ({ spec }) => spec?.binaryVersion ?? ""),
  text("EmulationVersion", ({ spec }) => spec?.emulationVersion ?? ""),
  text("PingTime", ({ spec }) => orNone(spec?.pingTime)),
  text("RenewTime", ({ spec }) => orNone(spec?.renewTime)),
  text("Strategy", ({ spec }) => spec?.strategy ?? "")
])

export const clusterTrustBundlePrinter: Printer = printer<ClusterTrustBundle>([
  nameColumn,
  text("SignerName", ({ spec }) => orNone(spec?.signerName))
])

const certificateState = ({ status }: PodCertificateRequest): string => {
  const decided = status?.conditions?.find(
    ({ type, status }) => ["Issued", "Denied", "Failed"].includes(type) && status === "True"
  )
  return decided?.type ?? "Pending"
}

export const podCertificateRequestPrinter: Printer = printer<PodCertificateRequest>([
  nameColumn,
  text("PodName", ({ spec }) => spec?.podName ?? ""),
  text("ServiceAccountName", ({ spec }) => spec?.serviceAccountName ?? ""),
  text("NodeName", ({ spec }) => spec?.nodeName ?? ""),
  text("SignerName", ({ spec }) => spec?.signerName ?? ""),
  text("State", certificateState)
])

export const storageVersionMigrationPrinter: Printer = printer<StorageVersionMigration>([
  nameColumn,
  text("Resource", ({ spec }) => {
    const { resource = "", group = "" } = spec?.resource ?? {}
    return group === "" ? resource : `${resource}.${group}`
  })
])

export const storageVersionPrinter: Printer = printer<StorageVersion>([
  nameColumn,
  text("Common Encoding Version", ({ status }) => status?.commonEncodingVersion ?? unset),
  text("StorageVersions", ({ status }) =>
    (status?.storageVersions ?? []).map(({ apiServerID, encodingVersion }) => `${apiServerID}=${encodingVersion}`).join(",")
  ),
  ageColumn
])

/** Objects that belong to a driver by name. */
export const driverPrinter: Printer = printer<KubernetesObject & { readonly driverName?: string }>([
  nameColumn,
  text("DriverName", ({ driverName }) => driverName ?? ""),
  ageColumn
])
