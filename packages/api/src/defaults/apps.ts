/** Defaults of apps/v1. @module */
import type {
  DaemonSet,
  DaemonSetSpec,
  Deployment,
  DeploymentSpec,
  ReplicaSet,
  StatefulSet,
  StatefulSetSpec
} from "../types/apps-v1.ts"
import { change, each, fill, maybe } from "./fill.ts"
import { defaultPodTemplate } from "./pod.ts"
import { type DefaultsTable, kind } from "./table.ts"
import { defaultClaim } from "./volume.ts"

const defaultDeployment = (deployment: Deployment): Deployment =>
  change(deployment, { spec: maybe(deployment.spec, defaultDeploymentSpec) })

const defaultDeploymentSpec = (spec: DeploymentSpec): DeploymentSpec => {
  const strategy = fill(spec.strategy ?? {}, { type: "RollingUpdate" })
  const rollingUpdate =
    strategy.type === "RollingUpdate" ? fill(strategy.rollingUpdate ?? {}, { maxUnavailable: "25%", maxSurge: "25%" }) : undefined
  return change(fill(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 }), {
    strategy: change(strategy, { rollingUpdate }),
    template: maybe(spec.template, defaultPodTemplate)
  })
}

const defaultReplicaSet = (set: ReplicaSet): ReplicaSet =>
  change(set, {
    spec: maybe(set.spec, (spec) => change(fill(spec, { replicas: 1 }), { template: maybe(spec.template, defaultPodTemplate) }))
  })

const defaultDaemonSet = (set: DaemonSet): DaemonSet => change(set, { spec: maybe(set.spec, defaultDaemonSetSpec) })

const defaultDaemonSetSpec = (spec: DaemonSetSpec): DaemonSetSpec => {
  const strategy = fill(spec.updateStrategy ?? {}, { type: "RollingUpdate" })
  const rollingUpdate =
    strategy.type === "RollingUpdate" ? fill(strategy.rollingUpdate ?? {}, { maxUnavailable: 1, maxSurge: 0 }) : undefined
  return change(fill(spec, { revisionHistoryLimit: 10 }), {
    updateStrategy: change(strategy, { rollingUpdate }),
    template: maybe(spec.template, defaultPodTemplate)
  })
}

const defaultStatefulSet = (set: StatefulSet): StatefulSet => change(set, { spec: maybe(set.spec, defaultStatefulSetSpec) })

const defaultStatefulSetSpec = (spec: StatefulSetSpec): StatefulSetSpec => {
  const strategy = fill(spec.updateStrategy ?? {}, { type: "RollingUpdate" })
  const rollingUpdate = strategy.type === "RollingUpdate" ? fill(strategy.rollingUpdate ?? {}, { partition: 0 }) : undefined
  return change(fill(spec, { podManagementPolicy: "OrderedReady", replicas: 1, revisionHistoryLimit: 10 }), {
    updateStrategy: change(strategy, { rollingUpdate }),
    persistentVolumeClaimRetentionPolicy: fill(spec.persistentVolumeClaimRetentionPolicy ?? {}, {
      whenDeleted: "Retain",
      whenScaled: "Retain"
    }),
    template: maybe(spec.template, defaultPodTemplate),
    volumeClaimTemplates: each(spec.volumeClaimTemplates, (claim) =>
      change(defaultClaim(claim), { apiVersion: "v1", kind: "PersistentVolumeClaim" })
    )
  })
}

export const apps: DefaultsTable = {
  DaemonSet: kind(defaultDaemonSet),
  Deployment: kind(defaultDeployment),
  ReplicaSet: kind(defaultReplicaSet),
  StatefulSet: kind(defaultStatefulSet)
}
