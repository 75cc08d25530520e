/** Tells the node's container runtime how pods get their interface: the CNI configuration of the node. @module */
import { join } from "node:path"
import { writeFileAtomic } from "@tsukube/host"

/** What a node's pods are plugged into. */
export interface CniNetwork {
  readonly subnet: string
  readonly mtu: number
  /** Where addresses handed out are noted; must survive a restart of the node. */
  readonly dataDir: string
  /** Default `podnet`. */
  readonly name?: string
  /** Default `cni0`. */
  readonly bridge?: string
}

/** The configuration as data: a bridge with the node's subnet, and host ports. */
export const cniConfiguration = ({ subnet, mtu, dataDir, name = "podnet", bridge = "cni0" }: CniNetwork): object => ({
  cniVersion: "0.4.0",
  name,
  plugins: [
    {
      type: "bridge",
      bridge,
      isGateway: true,
      // Masquerading is the overlay's: the bridge plugin's own rule would hide pods from pods on other nodes.
      ipMasq: false,
      // A pod that is sent back to itself by its Service leaves and enters by the same port.
      hairpinMode: true,
      mtu,
      ipam: { type: "host-local", dataDir, ranges: [[{ subnet }]], routes: [{ dst: "0.0.0.0/0" }] }
    },
    { type: "portmap", capabilities: { portMappings: true }, snat: true }
  ]
})

/** Writes the configuration into a runtime's CNI folder, whole or not at all; returns its path. */
export const writeCniConfiguration = (confDir: string, network: CniNetwork): string => {
  const path = join(confDir, "10-tsukube.conflist")
  writeFileAtomic(path, `${JSON.stringify(cniConfiguration(network), undefined, 2)}\n`)
  return path
}
