/** The front door of @tsukube/store: every public name, listed by hand. @module */
export { type CacheOptions, layerCached, makeCache } from "./cache.ts"
export { type Compaction, compactByItself } from "./compaction.ts"
export { commitLimit, commitUnitsLimit, compareKeys, keyLimitBytes, prefixEnd, valueLimit } from "./key.ts"
export { layerMemory, type MemoryOptions, makeMemory } from "./memory.ts"
export {
  type Advance,
  type Change,
  Compacted,
  Conflict,
  type Entry,
  type Lease,
  type Leases,
  type ListOptions,
  type Page,
  type Range,
  Store,
  StoreError,
  type StoreErrorReason,
  type WatchOptions,
  type Write
} from "./store.ts"
