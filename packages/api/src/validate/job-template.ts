/** What may change in the template of a Job that rests: where its pods may go, and how much they may use. @module */
import { immutable } from "../field-error.ts"
import { equalJson } from "../json.ts"
import type { Job } from "../types/batch-v1.ts"
import type { Affinity, Container, PodSpec } from "../types/core-v1.ts"
import type { Findings, Loose } from "./findings.ts"

type Spec = Loose<PodSpec>
type Fields = Readonly<Record<string, unknown>>

/** True while no pod of the Job is there to be another than its template says. */
const rests = ({ spec, status }: Loose<Job>): boolean =>
  spec?.suspend === true &&
  (status?.active ?? 0) === 0 &&
  (status?.startTime === undefined ||
    (status.conditions ?? []).some(({ type, status: is }) => type === "Suspended" && is === "True"))

/** The object with these fields as another has them, or without them. */
const taking = <T extends object>(object: T, other: object, names: ReadonlyArray<string>): T => {
  const rest = Object.entries(object).filter(([name]) => !names.includes(name))
  const taken = names.flatMap((name) => ((other as Fields)[name] === undefined ? [] : [[name, (other as Fields)[name]]]))
  return Object.fromEntries([...rest, ...taken]) as T
}

/** Of affinities only that to nodes. */
const affinityFor = (old: Loose<Affinity> | undefined, now: Loose<Affinity> | undefined): Loose<Affinity> | undefined => {
  const moved = taking(old ?? {}, now ?? {}, ["nodeAffinity"])
  return Object.keys(moved).length === 0 ? now && {} : moved
}

const measuredAs = (
  containers: ReadonlyArray<Loose<Container>> | undefined,
  now: ReadonlyArray<Loose<Container>> | undefined
): ReadonlyArray<Loose<Container>> | undefined =>
  containers?.map((container, i) => taking(container, now?.[i] ?? container, ["resources"]))

/** What of a Job's template differs although it may not: all of it, or of one that rests its pods' spec. */
export function* validateTemplateChange(job: Loose<Job>, old: Loose<Job>): Findings {
  const [template, before] = [job.spec?.template ?? {}, old.spec?.template ?? {}]
  if (!rests(old)) {
    if (!equalJson(template, before)) yield immutable("spec.template", template)
    return
  }
  const spec = template.spec ?? {}
  if (!equalJson(spec, comparableSpec(before.spec ?? {}, spec))) yield immutable("spec.template.spec", spec)
}

/** The old spec, with what the new one may change as the new one has it. */
const comparableSpec = (old: Spec, now: Spec): Spec => {
  const containers = measuredAs(old.containers, now.containers)
  const initContainers = measuredAs(old.initContainers, now.initContainers)
  const affinity = affinityFor(old.affinity, now.affinity)
  const placed = taking(old, now, ["nodeSelector", "tolerations", "schedulingGates"])
  return taking(placed, { containers, initContainers, affinity }, ["containers", "initContainers", "affinity"])
}
