/** The VXLAN device of a node: made, or put right when it is not as it should be. @module */
import { type InNetns, ipBatch, ipJson } from "@tsukube/host"
import { Effect } from "effect"
import type { OverlayError } from "../backend.ts"
import { asOverlayError, type UnderlayInterface } from "../underlay.ts"

/** What a VXLAN device has to be. */
export interface VxlanDevice {
  readonly name: string
  readonly vni: number
  readonly port: number
  readonly mac: string
  readonly mtu: number
  /** Its own address: the first of the node's subnet. */
  readonly address: string
  readonly underlay: UnderlayInterface
}

interface VxlanLink {
  readonly address?: string
  readonly mtu?: number
  readonly flags?: ReadonlyArray<string>
  readonly linkinfo?: {
    readonly info_kind?: string
    readonly info_data?: {
      readonly id?: number
      readonly local?: string
      readonly link?: string
      readonly port?: number
      readonly learning?: boolean
    }
  }
}

/** Bytes that VXLAN over IPv4 puts before a packet. */
export const vxlanOverheadBytes = 50

/** A hardware address derived from an IPv4 address: the same after a restart, so that others need not learn it anew. */
export const macOf = (ip: string): string =>
  ["0a", "58", ...ip.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"))].join(":")

/** Whether a link is the tunnel that is wanted; what can be changed in place is not asked. */
const isSameTunnel = (link: VxlanLink, device: VxlanDevice): boolean => {
  const { info_kind, info_data = {} } = link.linkinfo ?? {}
  return (
    info_kind === "vxlan" &&
    info_data.id === device.vni &&
    info_data.port === device.port &&
    info_data.local === device.underlay.address &&
    info_data.link === device.underlay.name &&
    info_data.learning !== true
  )
}

/** Makes the device, replaces one of other parameters, and sets what can be set in place. Nothing is touched when all is well. */
export const ensureVxlan = (device: VxlanDevice, options: InNetns): Effect.Effect<void, OverlayError> =>
  Effect.gen(function* () {
    const { name, vni, port, mac, mtu, address, underlay } = device
    const links = (yield* ipJson("ip", ["-details", "address", "show"], options)) as unknown as ReadonlyArray<
      VxlanLink & {
        readonly ifname: string
        readonly addr_info?: ReadonlyArray<{ readonly family: string; readonly local: string }>
      }
    >
    const link = links.find(({ ifname }) => ifname === name)
    const keep = link !== undefined && isSameTunnel(link, device)
    const lines: Array<string> = []
    if (link !== undefined && !keep) lines.push(`link delete ${name}`)
    if (!keep)
      lines.push(
        `link add ${name} address ${mac} type vxlan id ${vni} local ${underlay.address} dev ${underlay.name} dstport ${port} nolearning`
      )
    if (!keep || link.address !== mac) lines.push(`link set ${name} address ${mac}`)
    if (!keep || link.mtu !== mtu) lines.push(`link set ${name} mtu ${mtu}`)
    const addresses = keep ? (link.addr_info ?? []).filter(({ family }) => family === "inet").map(({ local }) => local) : []
    for (const other of addresses) if (other !== address) lines.push(`address delete ${other}/32 dev ${name}`)
    if (!addresses.includes(address)) lines.push(`address add ${address}/32 dev ${name}`)
    if (!keep || link.flags?.includes("UP") !== true) lines.push(`link set ${name} up`)
    yield* ipBatch(lines, options)
  }).pipe(Effect.mapError(asOverlayError))
