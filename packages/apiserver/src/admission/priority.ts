/** A pod's priority is a number that its priority class stands for. @module */
import { forbidden, onceIfFrozen } from "@tsukube/api"
import type { Pod, PodSpec } from "@tsukube/api/core-v1"
import { type PriorityClass, priorityclasses } from "@tsukube/api/scheduling-v1"
import type { Serving } from "../serving.ts"
import { type AdmissionPlugin, type AdmissionRequest, isResource } from "./admission.ts"

/** The class a pod belongs to; undefined when the cluster has no default one. */
const classOf = (serving: Serving, request: AdmissionRequest, name: string): PriorityClass | undefined => {
  if (name !== "") {
    const found = serving.registry.get(priorityclasses, { name })
    if (found === undefined) throw forbidden(request.resource, request.name, `no PriorityClass with name ${name} was found`)
    return found
  }
  return defaultClassOf(serving)
}

interface Default {
  readonly chosen: PriorityClass | undefined
}

const defaults = new WeakMap<Serving, { now: Default | undefined }>()

/** Every pod asks for it, and it changes about never: it is looked for again after a change of any class. */
const defaultClassOf = (serving: Serving): PriorityClass | undefined => {
  let known = defaults.get(serving)
  if (known === undefined) {
    const first: { now: Default | undefined } = { now: undefined }
    serving.registry.onChange(priorityclasses, () => {
      first.now = undefined
    })
    defaults.set(serving, first)
    known = first
  }
  known.now ??= { chosen: lowestDefault(serving) }
  return known.now.chosen
}

/** Of several defaults the lowest is meant. */
const lowestDefault = (serving: Serving): PriorityClass | undefined =>
  serving.registry
    .list(priorityclasses)
    .filter(({ globalDefault }) => globalDefault === true)
    .sort((a, b) => (a.value ?? 0) - (b.value ?? 0))[0]

const noClass = { priority: 0, preemptionPolicy: "PreemptLowerPriority" } as const
const noSpec = {} as PodSpec

/** What pods get in a cluster without a default class. */
const withoutClass = onceIfFrozen((spec: PodSpec): PodSpec => ({ ...spec, ...noClass }))

export const priority: AdmissionPlugin = {
  name: "Priority",
  mutate: (serving, request) => {
    const { object, operation, resource, name } = request
    if (operation !== "CREATE" || !isResource(request, "", "pods")) return object
    const pod = object as Pod
    const { priority: given, preemptionPolicy: givenPolicy } = pod.spec ?? {}
    const chosen = classOf(serving, request, pod.spec?.priorityClassName ?? "")
    const value = chosen?.value ?? noClass.priority
    const policy = chosen?.preemptionPolicy ?? noClass.preemptionPolicy
    if (given !== undefined && given !== value) {
      throw forbidden(
        resource,
        name,
        `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`
      )
    }
    if (givenPolicy !== undefined && givenPolicy !== policy) {
      throw forbidden(
        resource,
        name,
        `the string value of PreemptionPolicy (${givenPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`
      )
    }
    const className = chosen?.metadata?.name
    if (chosen === undefined) return Object.assign({}, pod, { spec: withoutClass(pod.spec ?? noSpec) })
    return Object.assign({}, pod, {
      spec: {
        ...pod.spec,
        ...(className === undefined ? {} : { priorityClassName: className }),
        priority: value,
        preemptionPolicy: policy
      }
    })
  },
  validate: (serving, request) => {
    if (request.operation === "DELETE" || !isResource(request, "scheduling.k8s.io", "priorityclasses")) return
    if ((request.object as PriorityClass).globalDefault !== true) return
    const other = serving.registry
      .list(priorityclasses)
      .find(({ metadata, globalDefault }) => globalDefault === true && metadata?.name !== request.name)
    if (other === undefined) return
    const message = `PriorityClass ${other.metadata?.name} is already marked as default. Only one default can exist`
    throw forbidden(request.resource, request.name, message)
  }
}
