/** The front door of @tsukube/netoverlay: every public name, listed by hand. @module */
export { type Device, type OverlayBackend, OverlayError, type PodNetwork } from "./backend.ts"
export { type CniNetwork, cniConfiguration, writeCniConfiguration } from "./cni.ts"
export { type HostGwOptions, hostGwBackend, hostGwName } from "./host-gw/host-gw.ts"
export { type Lease, type LeaseDetails, LeaseError, type LeaseManager } from "./lease.ts"
export { annotations, leaseOf, type NodeLeasesOptions, nodeLeases, podNetworkOf } from "./manager/node.ts"
export { chooseLease, type StoreLeasesOptions, storeLeases, subnetsOf } from "./manager/store.ts"
export { ensureMasquerade, masqueradeRules, masqueradeText, removeMasquerade } from "./masquerade.ts"
export { type Overlay, type OverlayOptions, runOverlay } from "./overlay.ts"
export {
  applyPlan,
  emptyReach,
  type Forward,
  isEmptyPlan,
  type Neighbour,
  type Plan,
  planLines,
  planReach,
  type Reach,
  type Route
} from "./plan.ts"
export { formatSubnetEnv, type SubnetEnv, writeSubnetEnv } from "./subnet-env.ts"
export { macOf } from "./vxlan/device.ts"
export { type VxlanOptions, vxlanBackend, vxlanName, vxlanReach } from "./vxlan/vxlan.ts"
