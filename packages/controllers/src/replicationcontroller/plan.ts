/** How a ReplicationController differs from the replica set it otherwise is. Pure. @module */
import type { ReplicaSetStatus } from "@tsukube/api/apps-v1"
import type { ReplicationController, ReplicationControllerStatus } from "@tsukube/api/core-v1"
import type { LabelSelector } from "@tsukube/api/meta-v1"

/** Its selector is a plain map of labels. */
export const selectorOf = (controller: ReplicationController): LabelSelector | undefined =>
  controller.spec?.selector === undefined ? undefined : { matchLabels: controller.spec.selector }

/** Its status does not count pods on their way out. */
export const statusFor = ({
  terminatingReplicas: _,
  ...status
}: ReplicaSetStatus): ReplicationControllerStatus & {
  readonly replicas: number
} => status
