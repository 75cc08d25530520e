/** What all pods of one node share: the runtime, the API server, the node's own facts. @module */
import type { Service } from "@tsukube/api/core-v1"
import type { Client } from "@tsukube/client"
import type { EventRecorder } from "@tsukube/reconciler"
import type { BackOff } from "./back-off.ts"
import type { Images } from "./images.ts"
import type { ClusterDns, DnsConfig } from "./network-files.ts"
import type { ReferencedObjects } from "./objects.ts"
import type { Probes } from "./probe.ts"
import type { ContainerRuntime } from "./runtime.ts"
import type { Statuses } from "./status.ts"
import type { Tokens } from "./tokens.ts"

/** Made once per kubelet, read by every worker. */
export interface NodeContext {
  readonly nodeName: string
  readonly rootDir: string
  readonly logDir: string
  readonly client: Client
  readonly runtime: ContainerRuntime
  readonly recorder: EventRecorder
  readonly statuses: Statuses
  readonly probes: Probes
  readonly images: Images
  readonly tokens: Tokens
  readonly objects: ReferencedObjects
  readonly restarts: BackOff
  /** Services whose addresses containers find in their environment. */
  readonly services: () => ReadonlyArray<Service>
  readonly hostIps: ReadonlyArray<string>
  readonly allocatable: Readonly<Record<string, string>>
  readonly memoryBytes: number
  readonly clusterDns: ClusterDns | undefined
  readonly hostDns: DnsConfig
}
