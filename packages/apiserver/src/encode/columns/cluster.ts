/** How nodes, namespaces, configuration, events and policies are shown. @module */
import { findCondition, type KubernetesObject } from "@tsukube/api"
import type { CertificateSigningRequest } from "@tsukube/api/certificates-v1"
import type { Lease } from "@tsukube/api/coordination-v1"
import type {
  ConfigMap,
  Event as CoreEvent,
  LimitRange,
  Namespace,
  Node,
  ResourceQuota,
  Secret,
  ServiceAccount
} from "@tsukube/api/core-v1"
import type { Event } from "@tsukube/api/events-v1"
import type { RuntimeClass } from "@tsukube/api/node-v1"
import type { ClusterRoleBinding, RoleBinding } from "@tsukube/api/rbac-v1"
import type { PriorityClass } from "@tsukube/api/scheduling-v1"
import {
  ageColumn,
  type Column,
  createdColumn,
  flag,
  joined,
  nameColumn,
  none,
  number,
  orNone,
  type Printer,
  printer,
  text,
  wide
} from "../column.ts"
import { humanDuration, since } from "../duration.ts"

const nodeStatus = ({ spec, status }: Node): string => {
  const ready = findCondition(status?.conditions, "Ready")
  const word = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady"
  return spec?.unschedulable === true ? `${word},SchedulingDisabled` : word
}

const rolePrefix = "node-role.kubernetes.io/"

const nodeRoles = ({ metadata }: Node): string => {
  const roles = Object.entries(metadata?.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(rolePrefix)) return key.length > rolePrefix.length ? [key.slice(rolePrefix.length)] : []
    return key === "kubernetes.io/role" && value !== "" ? [value] : []
  })
  return joined([...new Set(roles)].sort())
}

const nodeAddress = (type: string) => (node: Node) =>
  orNone(node.status?.addresses?.find((address) => address.type === type)?.address)

const orUnknown = (value: string | undefined): string => (value === undefined || value === "" ? "<unknown>" : value)

const kernel = ({ status }: Node): string => {
  const { kernelVersion, architecture = "" } = status?.nodeInfo ?? {}
  return architecture === "" ? orUnknown(kernelVersion) : `${orUnknown(kernelVersion)} (${architecture})`
}

export const nodePrinter: Printer = printer<Node>([
  nameColumn,
  text("Status", nodeStatus),
  text("Roles", nodeRoles),
  ageColumn,
  text("Version", ({ status }) => status?.nodeInfo?.kubeletVersion ?? ""),
  wide(text("Internal-IP", nodeAddress("InternalIP"))),
  wide(text("External-IP", nodeAddress("ExternalIP"))),
  wide(text("OS-Image", ({ status }) => orUnknown(status?.nodeInfo?.osImage))),
  wide(text("Kernel-Version", kernel)),
  wide(text("Container-Runtime", ({ status }) => orUnknown(status?.nodeInfo?.containerRuntimeVersion)))
])

export const namespacePrinter: Printer = printer<Namespace>([
  nameColumn,
  text("Status", ({ status }) => status?.phase ?? ""),
  ageColumn
])

/** The two shapes that events have, in one. */
interface EventRow {
  readonly firstSeen: string | undefined
  readonly lastSeen: string | undefined
  readonly count: number
  readonly object: { readonly kind?: string; readonly name?: string; readonly fieldPath?: string }
  readonly source: string
  readonly message: string
}

const eventRow = (event: CoreEvent | Event): EventRow => {
  const core = event as CoreEvent
  const later = event as Event
  const first = core.firstTimestamp ?? later.deprecatedFirstTimestamp ?? event.eventTime
  const last = core.lastTimestamp ?? later.deprecatedLastTimestamp ?? first
  const source = core.source ?? later.deprecatedSource
  const reporter = (core.reportingComponent || later.reportingController) ?? ""
  const component = reporter === "" ? (source?.component ?? "") : reporter
  const host = reporter === "" ? source?.host : event.reportingInstance
  const count = core.count ?? later.deprecatedCount ?? 0
  return {
    firstSeen: first,
    lastSeen: event.series?.lastObservedTime ?? last,
    count: event.series?.count ?? (count === 0 ? 1 : count),
    object: core.involvedObject ?? later.regarding ?? {},
    source: host === undefined || host === "" ? component : `${component}, ${host}`,
    message: core.message ?? later.note ?? ""
  }
}

export const eventPrinter: Printer = printer<CoreEvent | Event>([
  text("Last Seen", (event, now) => since(eventRow(event).lastSeen, now)),
  text("Type", ({ type }) => type ?? ""),
  text("Reason", ({ reason }) => reason ?? ""),
  text("Object", (event) => {
    const { kind = "", name = "" } = eventRow(event).object
    return name === "" ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`
  }),
  wide(text("Subobject", (event) => eventRow(event).object.fieldPath ?? "")),
  wide(text("Source", (event) => eventRow(event).source)),
  text("Message", (event) => eventRow(event).message.trim()),
  wide(text("First Seen", (event, now) => since(eventRow(event).firstSeen, now))),
  wide(text("Count", (event) => eventRow(event).count)),
  wide(nameColumn)
])

export const configMapPrinter: Printer = printer<ConfigMap>([
  nameColumn,
  text("Data", ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length),
  ageColumn
])

export const secretPrinter: Printer = printer<Secret>([
  nameColumn,
  text("Type", ({ type }) => type ?? ""),
  text("Data", ({ data = {} }) => Object.keys(data).length),
  ageColumn
])

export const serviceAccountPrinter: Printer = printer<ServiceAccount>([nameColumn, ageColumn])

export const leasePrinter: Printer = printer<Lease>([
  nameColumn,
  text("Holder", ({ spec }) => spec?.holderIdentity ?? ""),
  ageColumn
])

const usage = ({ spec, status }: ResourceQuota, limits: boolean): string =>
  Object.keys(status?.hard ?? spec?.hard ?? {})
    .filter((name) => name.startsWith("limits.") === limits)
    .sort()
    .map((name) => `${name}: ${status?.used?.[name] ?? "0"}/${status?.hard?.[name] ?? spec?.hard?.[name]}`)
    .join(", ")

export const resourceQuotaPrinter: Printer = printer<ResourceQuota>([
  nameColumn,
  text("Request", (quota) => usage(quota, false)),
  text("Limit", (quota) => usage(quota, true)),
  ageColumn
])

export const limitRangePrinter: Printer = printer<LimitRange>([nameColumn, createdColumn])

export const rolePrinter: Printer = printer([nameColumn, createdColumn])

const subjectsColumn = (name: string, kind: string): Column<RoleBinding | ClusterRoleBinding> =>
  wide(
    text(name, ({ subjects = [] }) =>
      subjects
        .filter((subject) => subject.kind === kind)
        .map(({ namespace, name }) => (kind === "ServiceAccount" ? `${namespace ?? ""}/${name}` : name))
        .join(", ")
    )
  )

export const roleBindingPrinter: Printer = printer<RoleBinding | ClusterRoleBinding>([
  nameColumn,
  text("Role", ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`),
  ageColumn,
  subjectsColumn("Users", "User"),
  subjectsColumn("Groups", "Group"),
  subjectsColumn("ServiceAccounts", "ServiceAccount")
])

export const priorityClassPrinter: Printer = printer<PriorityClass>([
  nameColumn,
  number("Value", ({ value }) => value ?? 0),
  flag("Global-Default", ({ globalDefault }) => globalDefault ?? false),
  ageColumn,
  text("PreemptionPolicy", ({ preemptionPolicy }) => preemptionPolicy ?? "PreemptLowerPriority")
])

export const runtimeClassPrinter: Printer = printer<RuntimeClass>([
  nameColumn,
  text("Handler", ({ handler }) => handler),
  ageColumn
])

const requestCondition = ({ status }: CertificateSigningRequest): string => {
  const has = (type: string) => findCondition(status?.conditions, type) !== undefined
  const words: Array<string> = []
  if (has("Denied")) words.push("Denied")
  else if (has("Approved")) words.push("Approved")
  else words.push("Pending")
  if (has("Failed")) words.push("Failed")
  if (status?.certificate !== undefined && status.certificate !== "") words.push("Issued")
  return words.join(",")
}

export const certificateSigningRequestPrinter: Printer = printer<CertificateSigningRequest>([
  nameColumn,
  ageColumn,
  text("SignerName", ({ spec }) => orNone(spec.signerName)),
  text("Requestor", ({ spec }) => spec.username ?? ""),
  text("RequestedDuration", ({ spec }) =>
    spec.expirationSeconds === undefined ? none : humanDuration(spec.expirationSeconds * 1000)
  ),
  text("Condition", requestCondition)
])

/** Objects with a list of webhooks in them. */
export const webhooksPrinter: Printer = printer<KubernetesObject & { readonly webhooks?: ReadonlyArray<unknown> }>([
  nameColumn,
  number("Webhooks", ({ webhooks = [] }) => webhooks.length),
  ageColumn
])
