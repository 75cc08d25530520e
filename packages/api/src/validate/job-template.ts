/** What may change in the template of a Job that rests: where its pods may go, and how much they may use. @module */
import type { Job } from "../types/batch-v1.ts"
import type { Affinity, Container, PodTemplateSpec } from "../types/core-v1.ts"
import type { Loose } from "./findings.ts"

type Template = Loose<PodTemplateSpec>
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

/** The old template, with what the new one may change as the new one has it: what still differs may not. */
export const comparableTemplate = (old: Loose<Job>, now: Template): Template => {
  const template = old.spec?.template ?? {}
  if (!rests(old)) return template
  const [before, after] = [template.spec ?? {}, now.spec ?? {}]
  const containers = measuredAs(before.containers, after.containers)
  const initContainers = measuredAs(before.initContainers, after.initContainers)
  const affinity = affinityFor(before.affinity, after.affinity)
  const placed = taking(before, after, ["nodeSelector", "tolerations", "schedulingGates"])
  return {
    ...template,
    metadata: taking(template.metadata ?? {}, now.metadata ?? {}, ["labels", "annotations"]),
    spec: taking(placed, { containers, initContainers, affinity }, ["containers", "initContainers", "affinity"])
  }
}
