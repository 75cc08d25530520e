/** The front door of @tsukube/client: every public name, listed by hand. @module */
export {
  Client,
  type DeleteOptions,
  type GetOptions,
  keyOf,
  type ListOptions,
  type ObjectKey,
  type ObjectList,
  type Patch,
  type PatchOptions,
  parseKey,
  type Selection,
  type WatchOptions,
  type WriteOptions
} from "./client.ts"
export { connect } from "./connect.ts"
export type { Connection, Impersonation } from "./connection.ts"
export { loadInCluster } from "./in-cluster.ts"
export { type Informer, type InformerOptions, Informers, layerInformers, makeInformers } from "./informer.ts"
export { KubeconfigError, type KubeconfigSource, loadKubeconfig } from "./kubeconfig.ts"
export type { IndexFunction, InformerEvent } from "./object-cache.ts"
export type { Call } from "./send.ts"
export { type ClientError, type Fetch, TransportError } from "./transport.ts"
export { layer, makeClient } from "./verbs.ts"
export type { WatchEvent } from "./watch.ts"
export { follow, type WatcherEvent, watcher } from "./watcher.ts"
