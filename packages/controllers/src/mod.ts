/** The front door of @tsukube/controllers: every public name, listed by hand. @module */
export { all } from "./all.ts"
export type { Controller, ControllerContext, ControllerOptions } from "./controller.ts"
export { type Action, type Plan, plan as planDeployment, type Situation } from "./deployment/plan.ts"
export { planEndpoints } from "./endpoints/plan.ts"
export { planSlices, type SliceChanges, type SliceSituation } from "./endpointslice/plan.ts"
export { runControllers } from "./run.ts"
