/** What Kubernetes v1.36 does not do for StatefulSets unless it is switched on. @module */
import type { StatefulSet } from "@tsukube/api/apps-v1"
import type { Strategy } from "./strategy.ts"

const rollingUpdateOf = ({ spec }: StatefulSet) => spec?.updateStrategy?.rollingUpdate

/** The feature gate MaxUnavailableStatefulSet is off in v1.36 (KEP-961): the field is dropped where it was not there before. */
const withoutMaxUnavailable = (set: StatefulSet, old: StatefulSet | undefined): StatefulSet => {
  const { spec } = set
  const { maxUnavailable, ...rollingUpdate } = rollingUpdateOf(set) ?? {}
  if (spec === undefined || maxUnavailable === undefined) return set
  if (old !== undefined && rollingUpdateOf(old)?.maxUnavailable !== undefined) return set
  return { ...set, spec: { ...spec, updateStrategy: { ...spec.updateStrategy, rollingUpdate } } }
}

export const statefulSets: Strategy<StatefulSet> = {
  generation: true,
  create: (set) => withoutMaxUnavailable(set, undefined),
  update: (set, old) => withoutMaxUnavailable(set, old)
}
