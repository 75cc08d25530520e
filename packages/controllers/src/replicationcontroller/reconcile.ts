/** Keeps as many pods of every ReplicationController as it asks for. @module */
import { replicationcontrollers } from "@tsukube/api/core-v1"
import type { Controller } from "../controller.ts"
import { replicaController } from "../replicaset/reconcile.ts"
import { selectorOf, statusFor } from "./plan.ts"

/** Upstream's replicationcontroller-controller. */
export const replicationControllerController: Controller = replicaController({
  resource: replicationcontrollers,
  name: "replicationcontroller-controller",
  component: "replication-controller",
  selectorOf,
  statusFor
})
