/** The front door of @tsukube/host: every public name, listed by hand. @module */
export { type WriteOptions, writeFileAtomic } from "./file.ts"
export { FolderInUse, lockFolder } from "./lock.ts"
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
export { RunError, type RunOptions, type RunResult, run } from "./run.ts"
export { isRoot, which } from "./which.ts"
