/** The front door of @tsukube/host: every public name, listed by hand. @module */
export { formatIpv4, formatNetwork, type Network, networksOverlap, parseIpv4, parseNetwork } from "./address.ts"
export { type WriteOptions, writeFileAtomic } from "./file.ts"
export { FolderInUse, lockFolder } from "./lock.ts"
export { createMountNamespace, isMountPoint, type MountNamespace, mountPoints, unmountBelow } from "./mount.ts"
export { bridgeBatch, createNetns, type InNetns, ipBatch, ipJson, type Netns, netnsPath, setSysctls } from "./netns.ts"
export {
  type ProcessIdentity,
  processAlive,
  readPidFile,
  startTimeOf,
  stopLeftover,
  stopOrphan,
  writePidFile
} from "./orphan.ts"
export {
  type ChildProcess,
  type ExitStatus,
  type ProcessSpec,
  type Signal,
  SpawnError,
  type SpawnOptions,
  spawn,
  stop
} from "./process.ts"
export { familyOf, killFamilies, processTable, type RunningProcess } from "./process-table.ts"
export { RunError, type RunOptions, type RunResult, run } from "./run.ts"
export { createUnderlay, removeUnderlay, UnderlayError, type UnderlaySpec } from "./underlay.ts"
export { ownerOf, type UnderlayNode, type UnderlayPlan } from "./underlay-plan.ts"
export { isRoot, which } from "./which.ts"
