/** When a ServiceCIDR may be used, and when one that is deleted may go: as soon as no address depends on it alone. Pure. @module */
import { BlockList, isIPv6 } from "node:net"
import { findCondition, setCondition } from "@tsukube/api"
import type { IPAddress, ServiceCIDR } from "@tsukube/api/networking-v1"
import { formatTime, isDeleting, nameOf } from "../object.ts"

/** Keeps a ServiceCIDR until its addresses are gone or others hold them. */
export const serviceCidrFinalizer = "networking.k8s.io/service-cidr-finalizer"

const familyOf = (address: string): "ipv4" | "ipv6" => (isIPv6(address) ? "ipv6" : "ipv4")

/** A test of addresses: whether one of the ranges holds it. */
export const holder = (cidrs: ReadonlyArray<ServiceCIDR>): ((address: string) => boolean) => {
  const list = new BlockList()
  for (const cidr of cidrs.flatMap(({ spec }) => spec?.cidrs ?? [])) {
    const [network = "", prefix = ""] = cidr.split("/")
    list.addSubnet(network, Number(prefix), familyOf(network))
  }
  return (address) => list.check(address, familyOf(address))
}

/** Whether addresses are left that only this ServiceCIDR holds. */
export const isNeeded = (cidr: ServiceCIDR, all: ReadonlyArray<ServiceCIDR>, addresses: ReadonlyArray<IPAddress>): boolean => {
  const own = holder([cidr])
  const others = holder(all.filter((other) => nameOf(other) !== nameOf(cidr) && !isDeleting(other)))
  return addresses.some((address) => own(nameOf(address)) && !others(nameOf(address)))
}

/** The conditions to write; undefined when they are right. */
export const planStatus = (cidr: ServiceCIDR, now: number): ServiceCIDR["status"] | undefined => {
  const wanted = isDeleting(cidr)
    ? {
        status: "False" as const,
        reason: "Terminating",
        message: "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"
      }
    : { status: "True" as const, reason: "", message: "Kubernetes Service CIDR is ready" }
  const current = findCondition(cidr.status?.conditions, "Ready")
  if (current?.status === wanted.status && current.reason === wanted.reason) return undefined
  const at = formatTime(now)
  const condition = { type: "Ready", lastTransitionTime: at, ...wanted }
  return { ...cidr.status, conditions: setCondition(cidr.status?.conditions ?? [], condition, at) }
}
