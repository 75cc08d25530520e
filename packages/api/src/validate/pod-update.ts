/** Validation of changes to a pod: by itself, and through its subresources `ephemeralcontainers` and `resize`. @module */
import { forbidden, invalid, notFound } from "../field-error.ts"
import { equalJson } from "../json.ts"
import { qosClassOf } from "../qos.ts"
import type {
  Container,
  EphemeralContainer,
  NodeSelector,
  Pod,
  PodSpec,
  ResourceRequirements,
  Toleration
} from "../types/core-v1.ts"
import type { Findings, Loose } from "./findings.ts"
import { validatePodSpec } from "./pod.ts"

const onlyThese =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

/** A pod that is about to replace `old`: nearly nothing of its spec may change. */
export function* validatePodUpdate(pod: Loose<Pod>, old: Loose<Pod>): Findings {
  const spec = pod.spec ?? {}
  const oldSpec = old.spec ?? {}
  yield* validatePodSpec(spec, "spec")
  for (const list of ["containers", "initContainers"] as const) {
    if ((spec[list] ?? []).length === (oldSpec[list] ?? []).length) continue
    yield forbidden(`spec.${list}`, "pod updates may not add or remove containers")
    return
  }
  yield* validateDeadline(spec.activeDeadlineSeconds, oldSpec.activeDeadlineSeconds)
  yield* validateTolerations(spec.tolerations ?? [], oldSpec.tolerations ?? [])
  yield* validateGateRemoval(spec, oldSpec)
  const gated = (oldSpec.schedulingGates ?? []).length > 0
  if (gated) yield* validateNarrowing(spec, oldSpec)
  const allowed = withAllowedChanges(oldSpec, spec, gated)
  if (!equalJson(spec, allowed)) yield forbidden("spec", `${onlyThese}\n${describeChanges(spec, allowed)}`)
}

function* validateDeadline(seconds: number | undefined, old: number | undefined): Findings {
  if (old === undefined) return
  if (seconds === undefined)
    yield invalid("spec.activeDeadlineSeconds", seconds, "must not update from a positive integer to nil value")
  else if (seconds > old) yield invalid("spec.activeDeadlineSeconds", seconds, "must be less than or equal to previous value")
}

function* validateTolerations(tolerations: ReadonlyArray<Loose<Toleration>>, old: ReadonlyArray<Loose<Toleration>>): Findings {
  const bare = ({ tolerationSeconds: _, ...rest }: Loose<Toleration>): object => rest
  const isKept = (toleration: Loose<Toleration>): boolean => tolerations.some((other) => equalJson(bare(other), bare(toleration)))
  if (!old.every(isKept))
    yield forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")
}

function* validateGateRemoval(spec: Loose<PodSpec>, old: Loose<PodSpec>): Findings {
  for (const [i, { name }] of (spec.schedulingGates ?? []).entries()) {
    if ((old.schedulingGates ?? []).some((gate) => gate.name === name)) continue
    yield forbidden(`spec.schedulingGates[${i}]`, `only deletion is allowed, but found new scheduling gate '${name}'`)
  }
}

/** A pod that still waits at a gate may be placed more narrowly, never more widely (KEP 3838). */
function* validateNarrowing(spec: Loose<PodSpec>, old: Loose<PodSpec>): Findings {
  const kept = Object.entries(old.nodeSelector ?? {}).every(([key, value]) => spec.nodeSelector?.[key] === value)
  if (!kept)
    yield invalid(
      "spec.nodeSelector",
      spec.nodeSelector ?? null,
      "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
    )
  const path = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
  const before = requiredOf(old)
  if (before === undefined) return
  const after = requiredOf(spec)
  if (after === undefined) {
    yield invalid(path, null, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")
    return
  }
  yield* validateTerms(after, before, `${path}.nodeSelectorTerms`)
}

const requiredOf = (spec: Loose<PodSpec>): Loose<NodeSelector> | undefined =>
  spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution

function* validateTerms(after: Loose<NodeSelector>, before: Loose<NodeSelector>, path: string): Findings {
  const terms = after.nodeSelectorTerms ?? []
  const old = before.nodeSelectorTerms ?? []
  if (terms.length !== old.length) {
    yield invalid(path, terms, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")
    return
  }
  for (const [i, was] of old.entries()) {
    const startsWith = (key: "matchExpressions" | "matchFields"): boolean =>
      equalJson((terms[i]?.[key] ?? []).slice(0, (was[key] ?? []).length), was[key] ?? [])
    if (!startsWith("matchExpressions") || !startsWith("matchFields"))
      yield invalid(`${path}[${i}]`, terms[i], "only additions are allowed (no mutations or deletions)")
  }
}

/** The old spec with what the new one was allowed to change. */
const withAllowedChanges = (old: Loose<PodSpec>, spec: Loose<PodSpec>, gated: boolean): Loose<PodSpec> => {
  const images = (containers: ReadonlyArray<Loose<Container>> | undefined, next: ReadonlyArray<Loose<Container>> | undefined) =>
    containers?.map((container, i) => ({ ...container, image: next?.[i]?.image }))
  const mayEnd = (old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1
  return {
    ...old,
    containers: images(old.containers, spec.containers),
    initContainers: images(old.initContainers, spec.initContainers),
    activeDeadlineSeconds: spec.activeDeadlineSeconds,
    tolerations: spec.tolerations,
    schedulingGates: spec.schedulingGates,
    ...(gated ? { nodeSelector: spec.nodeSelector, affinity: withNodeAffinity(old, spec) } : {}),
    ...(mayEnd ? { terminationGracePeriodSeconds: 1 } : {})
  }
}

/** The old affinity with the new one's nodes; one that is empty is none. */
const withNodeAffinity = (old: Loose<PodSpec>, spec: Loose<PodSpec>): Loose<PodSpec>["affinity"] => {
  if (spec.affinity === undefined && Object.keys(old.affinity ?? {}).every((key) => key === "nodeAffinity")) return undefined
  return { ...old.affinity, nodeAffinity: spec.affinity?.nodeAffinity }
}

const describeChanges = (spec: Loose<PodSpec>, old: Loose<PodSpec>): string =>
  [...new Set([...Object.keys(old), ...Object.keys(spec)])]
    .map((key) => [key, old[key as keyof PodSpec], spec[key as keyof PodSpec]] as const)
    .filter(([, before, after]) => !equalJson(before, after))
    .map(([key, before, after]) => `- ${key}: ${JSON.stringify(before)}\n+ ${key}: ${JSON.stringify(after)}\n`)
    .join("")

/** The fields that a container for looking around may have. */
const ephemeralFields: ReadonlySet<string> = new Set([
  ...["name", "image", "command", "args", "workingDir", "env", "envFrom", "volumeMounts", "volumeDevices"],
  ...[
    "terminationMessagePath",
    "terminationMessagePolicy",
    "imagePullPolicy",
    "securityContext",
    "stdin",
    "stdinOnce",
    "tty",
    "targetContainerName"
  ]
])

/** What a container for looking around may not have, and whom it may look at. */
export function* validateEphemeral(spec: Loose<PodSpec>, path: string): Findings {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name = "" }) => name))
  for (const [i, container] of (spec.ephemeralContainers ?? []).entries()) {
    const at = `${path}[${i}]`
    const { targetContainerName: target = "" } = container
    if (target !== "" && !others.has(target)) yield notFound(`${at}.targetContainerName`, target)
    for (const key of Object.keys(container) as ReadonlyArray<keyof EphemeralContainer>) {
      const empty = key === "resources" && Object.keys(container.resources ?? {}).length === 0
      if (!ephemeralFields.has(key) && !empty && container[key] !== undefined)
        yield forbidden(`${at}.${key}`, "cannot be set for an Ephemeral Container")
    }
    for (const [j, mount] of (container.volumeMounts ?? []).entries())
      for (const key of ["subPath", "subPathExpr"] as const)
        if ((mount[key] ?? "") !== "")
          yield forbidden(`${at}.volumeMounts[${j}].${key}`, "cannot be set for an Ephemeral Container")
  }
}

/** A pod whose `ephemeralcontainers` are written: those that are there stay as they are. */
export function* validateEphemeralUpdate(pod: Loose<Pod>, old: Loose<Pod>): Findings {
  yield* validatePodSpec(pod.spec ?? {}, "spec")
  const next = new Map((pod.spec?.ephemeralContainers ?? []).map((container) => [container.name, container] as const))
  for (const before of old.spec?.ephemeralContainers ?? []) {
    const after = next.get(before.name)
    const name = JSON.stringify(before.name)
    if (after === undefined)
      yield forbidden("spec.ephemeralContainers", `existing ephemeral containers ${name} may not be removed\n`)
    else if (!equalJson(after, before))
      yield forbidden(
        "spec.ephemeralContainers",
        `existing ephemeral containers ${name} may not be changed\n- ${JSON.stringify(before)}\n+ ${JSON.stringify(after)}\n`
      )
  }
}

/** A pod whose `resize` is written: only how much cpu and memory its containers get. */
export function* validateResize(pod: Loose<Pod>, old: Loose<Pod>): Findings {
  const spec = pod.spec ?? {}
  const oldSpec = old.spec ?? {}
  yield* validatePodSpec(spec, "spec")
  if (
    old.metadata?.annotations?.["kubernetes.io/config.source"] !== undefined &&
    old.metadata.annotations["kubernetes.io/config.source"] !== "api"
  )
    yield forbidden("", "static pods cannot be resized")
  if (oldSpec.os?.name === "windows") yield forbidden("", "windows pods cannot be resized")
  for (const list of ["containers", "initContainers"] as const) {
    const next = spec[list] ?? []
    const before = oldSpec[list] ?? []
    if (next.length !== before.length) {
      yield forbidden(`spec.${list}`, "containers may not be added or removed on resize")
      return
    }
    for (const [i, container] of next.entries())
      yield* validateKept(container.resources, before[i]?.resources, `spec.${list}[${i}].resources`)
  }
  const before = old.status?.qosClass ?? qosClassOf(old as Pod)
  if (qosClassOf(pod as Pod) !== before) yield invalid("spec", before, "Pod QOS Class may not change as a result of resizing")
  const bare = (from: Loose<PodSpec>, to: Loose<PodSpec>) => ({
    ...from,
    containers: withAmounts(from.containers, to.containers),
    initContainers: withAmounts(from.initContainers, to.initContainers)
  })
  const allowed = bare(oldSpec, spec)
  if (!equalJson(spec, allowed))
    yield forbidden("spec", `only cpu and memory resources are mutable\n${describeChanges(spec, allowed)}`)
}

/** An amount may change, not vanish. */
function* validateKept(
  next: Loose<ResourceRequirements> | undefined,
  old: Loose<ResourceRequirements> | undefined,
  path: string
): Findings {
  for (const side of ["requests", "limits"] as const)
    for (const name of ["cpu", "memory"])
      if (old?.[side]?.[name] !== undefined && next?.[side]?.[name] === undefined)
        yield forbidden(`${path}.${side}`, `resource ${side} cannot be removed`)
}

const withAmounts = (old: ReadonlyArray<Loose<Container>> | undefined, next: ReadonlyArray<Loose<Container>> | undefined) =>
  old?.map((container, i) => {
    const amounts = (side: "requests" | "limits"): object => {
      const { cpu: _cpu, memory: _memory, ...rest } = container.resources?.[side] ?? {}
      const { cpu, memory } = next?.[i]?.resources?.[side] ?? {}
      const all = { ...rest, ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) }
      return Object.keys(all).length === 0 ? {} : { [side]: all }
    }
    const { requests: _requests, limits: _limits, ...others } = container.resources ?? {}
    return { ...container, resources: { ...others, ...amounts("requests"), ...amounts("limits") } }
  })
