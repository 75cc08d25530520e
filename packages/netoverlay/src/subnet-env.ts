/** The file by which flannel's CNI plugin and others learn a node's subnet. @module */
import { formatIpv4, parseNetwork, writeFileAtomic } from "@tsukube/host"
import type { PodNetwork } from "./backend.ts"

/** What the file says. */
export interface SubnetEnv extends PodNetwork {
  readonly mtu: number
  /** Whether the overlay masquerades, so that the plugin need not. */
  readonly masquerade: boolean
}

/** The text of the file. The subnet is written with the gateway's address, as flannel does. */
export const formatSubnetEnv = ({ clusterCidr, subnet, mtu, masquerade }: SubnetEnv): string => {
  const network = parseNetwork(subnet)
  if (network === undefined) throw new Error(`${subnet} is not an IPv4 network`)
  return [
    `FLANNEL_NETWORK=${clusterCidr}`,
    `FLANNEL_SUBNET=${formatIpv4(network.first + 1)}/${network.prefixLength}`,
    `FLANNEL_MTU=${mtu}`,
    `FLANNEL_IPMASQ=${masquerade}`,
    ""
  ].join("\n")
}

/** Writes the file, whole or not at all. */
export const writeSubnetEnv = (path: string, env: SubnetEnv): void => writeFileAtomic(path, formatSubnetEnv(env))
