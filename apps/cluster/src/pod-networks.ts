/** Gives every node of the cluster its part of the pod addresses, by its number, so that it is the same after every start. @module */
import { formatIpv4, parseNetwork } from "@tsukube/host"
import { UsageError } from "./flags.ts"

/** Addresses of one node's pods: 254 of them, as upstream's default mask gives. */
const nodePrefix = 24

/** The /24 networks of the first `count` nodes. Throws `UsageError` when the range is too small. */
export const podNetworks = (clusterCidr: string, count: number): ReadonlyArray<string> => {
  const network = parseNetwork(clusterCidr)
  if (network === undefined) throw new UsageError(`--cluster-cidr ${clusterCidr}: give an IPv4 range such as 10.244.0.0/16`)
  const room = 2 ** (nodePrefix - network.prefixLength)
  if (count > room)
    throw new UsageError(
      `--cluster-cidr ${clusterCidr}: has room for ${room} nodes, not ${count}; give a wider range or fewer --nodes`
    )
  return Array.from({ length: count }, (_, i) => `${formatIpv4(network.first + i * 2 ** (32 - nodePrefix))}/${nodePrefix}`)
}
