/** Every controller there is. @module */

import { clusterRoleAggregation } from "./clusterrole-aggregation/reconcile.ts"
import type { Controller } from "./controller.ts"
import { cronJobController } from "./cron-job/reconcile.ts"
import { daemonSetController } from "./daemon-set/reconcile.ts"
import { deploymentController } from "./deployment/reconcile.ts"
import { disruptionController } from "./disruption/reconcile.ts"
import { endpointsController } from "./endpoints/reconcile.ts"
import { endpointSliceController } from "./endpointslice/reconcile.ts"
import { endpointSliceMirroring } from "./endpointslice-mirroring/reconcile.ts"
import { garbageCollector } from "./garbage-collector/reconcile.ts"
import { jobController } from "./job/reconcile.ts"
import { namespaceController } from "./namespace/reconcile.ts"
import { nodeIpamController } from "./node-ipam/reconcile.ts"
import { nodeLifecycleController } from "./node-lifecycle/reconcile.ts"
import { persistentVolumeBinder } from "./persistent-volume-binder/reconcile.ts"
import { podGarbageCollector } from "./pod-garbage-collector/reconcile.ts"
import { replicaSetController } from "./replicaset/reconcile.ts"
import { replicationControllerController } from "./replicationcontroller/reconcile.ts"
import { resourceQuotaController } from "./resourcequota/reconcile.ts"
import { rootCaController } from "./root-ca/reconcile.ts"
import { serviceCidrController } from "./service-cidr/reconcile.ts"
import { serviceAccountController } from "./serviceaccount/reconcile.ts"
import { statefulSetController } from "./stateful-set/reconcile.ts"
import { taintEvictionController } from "./taint-eviction/reconcile.ts"
import { ttlAfterFinishedController } from "./ttl-after-finished/reconcile.ts"
import {
  persistentVolumeClaimProtection,
  persistentVolumeProtection,
  volumeAttributesClassProtection
} from "./volume-protection/reconcile.ts"

/** The controllers that `runControllers` starts unless told otherwise. */
export const all: ReadonlyArray<Controller> = [
  deploymentController,
  replicaSetController,
  replicationControllerController,
  jobController,
  cronJobController,
  ttlAfterFinishedController,
  daemonSetController,
  statefulSetController,
  disruptionController,
  endpointSliceController,
  endpointsController,
  endpointSliceMirroring,
  namespaceController,
  serviceAccountController,
  rootCaController,
  clusterRoleAggregation,
  nodeLifecycleController,
  taintEvictionController,
  nodeIpamController,
  podGarbageCollector,
  resourceQuotaController,
  serviceCidrController,
  persistentVolumeBinder,
  persistentVolumeClaimProtection,
  persistentVolumeProtection,
  volumeAttributesClassProtection,
  garbageCollector
]
