/** Validation of what a kubelet reports of a pod. @module */
import { duplicate, forbidden, invalid } from "../../field-error.ts"
import { isDns1123Subdomain, isQualifiedName } from "../../name.ts"
import type { ContainerStatus, Pod, PodStatus } from "../../types/core-v1.ts"
import type { Findings, Loose } from "../findings.ts"
import { isIp } from "../ip.ts"

/** Conditions that upstream itself writes; others have qualified names. */
const known: ReadonlySet<string> = new Set(["PodScheduled", "Ready", "ContainersReady", "Initialized", "DisruptionTarget"])

/** A pod's status: nothing that ended for good runs again, and names and addresses have their form. */
export function* validatePodStatus({ spec = {}, status = {} }: Loose<Pod>, old: Loose<Pod>): Findings {
  const { nominatedNodeName: nominated = "" } = status
  if (nominated !== "" && nominated !== old.status?.nominatedNodeName) {
    for (const sentence of isDns1123Subdomain(nominated)) yield invalid("status.nominatedNodeName", nominated, sentence)
    if ((old.spec?.nodeName ?? "") !== "")
      yield forbidden("status.nominatedNodeName", "may not be set on pods that are already bound to a node")
  }
  const policy = spec.restartPolicy ?? "Always"
  const sidecars = new Set([...(spec.initContainers ?? [])].filter((c) => c.restartPolicy === "Always").map(({ name }) => name))
  const ruled = new Set(
    [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
      .filter((c) => c.restartPolicy !== undefined || (c.restartPolicyRules ?? []).length > 0)
      .map(({ name }) => name)
  )
  const mayRestart = ({ name, state }: Loose<ContainerStatus>): boolean =>
    policy === "Always" ||
    sidecars.has(name) ||
    ruled.has(name) ||
    (policy === "OnFailure" && (state?.terminated?.exitCode ?? 0) !== 0)
  yield* validateTransitions("containerStatuses", status, old.status ?? {}, mayRestart)
  yield* validateTransitions("initContainerStatuses", status, old.status ?? {}, mayRestart)
  yield* validateTransitions("ephemeralContainerStatuses", status, old.status ?? {}, () => false)
  yield* validateAddresses(status)
  for (const [i, { type = "" }] of (status.conditions ?? []).entries())
    if (!known.has(type))
      for (const sentence of isQualifiedName(type)) yield invalid(`status.conditions[${i}].Type`, type, sentence)
  yield* validateClaims(spec.resourceClaims ?? [], status)
}

type Lists = "containerStatuses" | "initContainerStatuses" | "ephemeralContainerStatuses"

/** A container that has ended and may not be started again stays ended. */
function* validateTransitions(
  list: Lists,
  status: Loose<PodStatus>,
  old: Loose<PodStatus>,
  mayRestart: (before: Loose<ContainerStatus>) => boolean
): Findings {
  for (const before of old[list] ?? []) {
    if (before.state?.terminated === undefined || mayRestart(before)) continue
    for (const [i, after] of (status[list] ?? []).entries())
      if (after.name === before.name && after.state?.terminated === undefined)
        yield forbidden(`status.${list}[${i}].state`, "may not be transitioned to non-terminated state")
  }
}

function* validateAddresses(status: Loose<PodStatus>): Findings {
  const [first] = status.hostIPs ?? []
  if (first !== undefined && status.hostIP !== undefined && first.ip !== status.hostIP)
    yield invalid("status.hostIPs[0].ip", first.ip, "must be equal to `hostIP`")
  for (const list of ["podIPs", "hostIPs"] as const) {
    const addresses = (status[list] ?? []).map(({ ip = "" }) => ip)
    const seen = new Set<string>()
    for (const [i, ip] of addresses.entries()) {
      for (const sentence of isIp(ip)) yield invalid(`status.${list}[${i}]`, ip, sentence)
      if (seen.has(ip)) yield duplicate(`status.${list}[${i}]`, { ip })
      seen.add(ip)
    }
    const versions = new Set(addresses.map((ip) => ip.includes(":")))
    if (addresses.length > 1 && (addresses.length > 2 || versions.size < 2))
      yield invalid(`status.${list}`, status[list], "may specify no more than one IP for each IP family")
  }
}

function* validateClaims(claims: ReadonlyArray<{ readonly name?: string | undefined }>, status: Loose<PodStatus>): Findings {
  const names = new Set(claims.map(({ name }) => name))
  const seen = new Set<string>()
  for (const [i, { name = "", resourceClaimName = "" }] of (status.resourceClaimStatuses ?? []).entries()) {
    const at = `status.resourceClaimStatuses[${i}]`
    if (!names.has(name)) yield invalid(`${at}.name`, name, "must match the name of an entry in `spec.resourceClaims`")
    if (seen.has(name)) yield duplicate(`${at}.name`, name)
    seen.add(name)
    if (resourceClaimName !== "")
      for (const sentence of isDns1123Subdomain(resourceClaimName)) yield invalid(`${at}.name`, resourceClaimName, sentence)
  }
}
