/** What is wrong with a pod or node before it is scheduled: plain input has been through no API server. @module */
import { type FieldError, fieldError, isList, isObject, labelSelectorFrom, parseQuantity } from "@tsukube/api"
import type { Node, Pod } from "@tsukube/api/core-v1"

const { invalid, notSupported, required, typeInvalid } = fieldError

type Json = Readonly<Record<string, unknown>>

const objectAt = (value: unknown): Json => (isObject(value) ? value : {})

const listAt = (value: unknown, path: string, errors: Array<FieldError>): ReadonlyArray<unknown> => {
  if (value === undefined || value === null) return []
  if (isList(value)) return value
  errors.push(typeInvalid(path, value, "must be a list"))
  return []
}

const checkAmounts = (value: unknown, path: string, errors: Array<FieldError>): void => {
  if (value === undefined || value === null) return
  if (!isObject(value)) {
    errors.push(typeInvalid(path, value, "must be an object"))
    return
  }
  for (const [name, amount] of Object.entries(value)) {
    const at = `${path}[${name}]`
    try {
      if (parseQuantity(String(amount)).nano < 0n) errors.push(invalid(at, amount, "must be greater than or equal to 0"))
    } catch (error) {
      errors.push(invalid(at, amount, error instanceof Error ? error.message : String(error)))
    }
  }
}

const checkSelector = (value: unknown, path: string, errors: Array<FieldError>): void => {
  if (value === undefined || value === null) return
  try {
    labelSelectorFrom(value as Parameters<typeof labelSelectorFrom>[0])
  } catch (error) {
    errors.push(invalid(path, value, error instanceof Error ? error.message : String(error)))
  }
}

const checkTopologyKey = (value: unknown, path: string, errors: Array<FieldError>): void => {
  if (typeof value !== "string" || value === "") errors.push(required(path, "can not be empty"))
}

const whens = ["DoNotSchedule", "ScheduleAnyway"]
const policies = ["Honor", "Ignore"]

const checkSpread = (spec: Json, errors: Array<FieldError>): void => {
  for (const [index, item] of listAt(spec["topologySpreadConstraints"], "spec.topologySpreadConstraints", errors).entries()) {
    const at = `spec.topologySpreadConstraints[${index}]`
    const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector, minDomains, nodeAffinityPolicy, nodeTaintsPolicy } =
      objectAt(item)
    if (typeof maxSkew !== "number" || maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, maxSkew, "must be greater than zero"))
    checkTopologyKey(topologyKey, `${at}.topologyKey`, errors)
    if (!whens.includes(String(whenUnsatisfiable))) errors.push(notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, whens))
    if (minDomains !== undefined && (typeof minDomains !== "number" || minDomains <= 0))
      errors.push(invalid(`${at}.minDomains`, minDomains, "must be greater than 0"))
    for (const [name, policy] of Object.entries({ nodeAffinityPolicy, nodeTaintsPolicy }))
      if (policy !== undefined && !policies.includes(String(policy))) errors.push(notSupported(`${at}.${name}`, policy, policies))
    checkSelector(labelSelector, `${at}.labelSelector`, errors)
  }
}

const checkPodAffinity = (affinity: Json, kind: string, errors: Array<FieldError>): void => {
  const at = `spec.affinity.${kind}`
  const part = objectAt(affinity[kind])
  const checkTerm = (value: unknown, path: string): void => {
    const term = objectAt(value)
    checkTopologyKey(term["topologyKey"], `${path}.topologyKey`, errors)
    checkSelector(term["labelSelector"], `${path}.labelSelector`, errors)
    checkSelector(term["namespaceSelector"], `${path}.namespaceSelector`, errors)
  }
  const hard = `${at}.requiredDuringSchedulingIgnoredDuringExecution`
  for (const [index, term] of listAt(part["requiredDuringSchedulingIgnoredDuringExecution"], hard, errors).entries())
    checkTerm(term, `${hard}[${index}]`)
  const soft = `${at}.preferredDuringSchedulingIgnoredDuringExecution`
  for (const [index, item] of listAt(part["preferredDuringSchedulingIgnoredDuringExecution"], soft, errors).entries()) {
    const { weight, podAffinityTerm } = objectAt(item)
    if (typeof weight !== "number" || weight < 1 || weight > 100)
      errors.push(invalid(`${soft}[${index}].weight`, weight, "must be in the range 1-100"))
    checkTerm(podAffinityTerm, `${soft}[${index}].podAffinityTerm`)
  }
}

const operators = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]

const checkNodeTerms = (value: unknown, path: string, errors: Array<FieldError>): void => {
  for (const [index, term] of listAt(value, path, errors).entries()) {
    for (const part of ["matchExpressions", "matchFields"]) {
      for (const [which, item] of listAt(objectAt(term)[part], `${path}[${index}].${part}`, errors).entries()) {
        const { operator } = objectAt(item)
        if (!operators.includes(String(operator)))
          errors.push(notSupported(`${path}[${index}].${part}[${which}].operator`, operator, operators))
      }
    }
  }
}

const checkNodeAffinity = (affinity: Json, errors: Array<FieldError>): void => {
  const part = objectAt(affinity["nodeAffinity"])
  const hard = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
  checkNodeTerms(objectAt(part["requiredDuringSchedulingIgnoredDuringExecution"])["nodeSelectorTerms"], hard, errors)
  const soft = "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution"
  for (const [index, item] of listAt(part["preferredDuringSchedulingIgnoredDuringExecution"], soft, errors).entries())
    checkNodeTerms([objectAt(item)["preference"]], `${soft}[${index}].preference`, errors)
}

/** Every field of a pod that scheduling cannot make sense of. */
export const checkPod = (pod: Pod): ReadonlyArray<FieldError> => {
  const errors: Array<FieldError> = []
  if (typeof pod.metadata?.name !== "string" && typeof pod.metadata?.generateName !== "string")
    errors.push(required("metadata.name", "name or generateName is required"))
  const spec = objectAt(pod.spec)
  for (const list of ["containers", "initContainers"]) {
    for (const [index, item] of listAt(spec[list], `spec.${list}`, errors).entries()) {
      if (!isObject(item)) errors.push(typeInvalid(`spec.${list}[${index}]`, item, "must be an object"))
      checkAmounts(objectAt(objectAt(item)["resources"])["requests"], `spec.${list}[${index}].resources.requests`, errors)
      listAt(objectAt(item)["ports"], `spec.${list}[${index}].ports`, errors)
    }
  }
  checkAmounts(objectAt(spec["resources"])["requests"], "spec.resources.requests", errors)
  checkAmounts(spec["overhead"], "spec.overhead", errors)
  for (const list of ["volumes", "tolerations", "schedulingGates", "resourceClaims"]) listAt(spec[list], `spec.${list}`, errors)
  const affinity = objectAt(spec["affinity"])
  checkSpread(spec, errors)
  checkPodAffinity(affinity, "podAffinity", errors)
  checkPodAffinity(affinity, "podAntiAffinity", errors)
  checkNodeAffinity(affinity, errors)
  return errors
}

/** Every field of a node that scheduling cannot make sense of. */
export const checkNode = (node: Node): ReadonlyArray<FieldError> => {
  const errors: Array<FieldError> = []
  if (typeof node.metadata?.name !== "string" || node.metadata.name === "") errors.push(required("metadata.name"))
  checkAmounts(objectAt(node.status)["allocatable"], "status.allocatable", errors)
  listAt(objectAt(node.spec)["taints"], "spec.taints", errors)
  return errors
}
