/** Validation of questions to the server: access reviews, token requests, and bindings of pods. @module */
import { invalid, notSupported, required } from "../field-error.ts"
import type { KubernetesObject } from "../resource.ts"
import type { TokenRequest } from "../types/authentication-v1.ts"
import type {
  LocalSubjectAccessReview,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SubjectAccessReview,
  SubjectAccessReviewSpec
} from "../types/authorization-v1.ts"
import type { Binding } from "../types/core-v1.ts"
import { tokenSeconds } from "./csi.ts"
import type { Findings, Loose } from "./findings.ts"

/** A question has no name: nothing is stored. */
function* emptyMetadata({ metadata = {} }: Loose<KubernetesObject>, ...allowed: ReadonlyArray<string>): Findings {
  const given = Object.entries(metadata).filter(
    ([key, value]) => key !== "managedFields" && !allowed.includes(key) && value !== undefined && value !== "" && value !== null
  )
  const sentence = allowed.length === 0 ? "must be empty" : `must be empty except for ${allowed.join(" and ")}`
  if (given.length > 0) yield invalid("metadata", metadata, sentence)
}

function* validateAttributes({ resourceAttributes, nonResourceAttributes }: Loose<SubjectAccessReviewSpec>): Findings {
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    yield invalid(
      "spec.nonResourceAttributes",
      nonResourceAttributes,
      "cannot be specified in combination with resourceAttributes"
    )
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    yield invalid("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified")
  }
  if (resourceAttributes !== undefined) yield* validateSelectors(resourceAttributes, "spec.resourceAttributes")
}

function* validateSelectors(attributes: Loose<ResourceAttributes>, path: string): Findings {
  for (const key of ["fieldSelector", "labelSelector"] as const) {
    const selector = attributes[key]
    if (selector === undefined) continue
    const at = `${path}.${key}`
    const { rawSelector = "", requirements = [] } = selector
    if (rawSelector !== "" && requirements.length > 0)
      yield invalid(`${at}.rawSelector`, rawSelector, "may not specified at the same time as requirements")
    if (rawSelector === "" && requirements.length === 0)
      yield required(`${at}.requirements`, `when ${at} is specified, requirements or rawSelector is required`)
    for (const [i, { key: name = "", operator = "", values = [] }] of requirements.entries()) {
      const here = `${at}.requirements[${i}]`
      if (name === "") yield required(`${here}.key`, "must be specified")
      const supported = ["DoesNotExist", "Exists", "In", "NotIn"]
      if (operator === "In" || operator === "NotIn") {
        if (values.length === 0) yield required(`${here}.values`, "must be specified when `operator` is 'In' or 'NotIn'")
      } else if (operator === "Exists" || operator === "DoesNotExist") {
        if (values.length > 0)
          yield invalid(`${here}.values`, values, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
      } else yield notSupported(`${here}.operator`, operator, supported)
    }
  }
}

function* validateSubject({ user = "", groups = [] }: Loose<SubjectAccessReviewSpec>): Findings {
  if (user === "" && groups.length === 0) yield invalid("spec.user", user, "at least one of user or group must be specified")
}

/** A SubjectAccessReview. */
export function* validateSubjectReview(review: Loose<SubjectAccessReview>): Findings {
  yield* validateAttributes(review.spec ?? {})
  yield* validateSubject(review.spec ?? {})
  yield* emptyMetadata(review as Loose<KubernetesObject>)
}

/** A SelfSubjectAccessReview. */
export function* validateSelfReview(review: Loose<SelfSubjectAccessReview>): Findings {
  yield* validateAttributes(review.spec ?? {})
  yield* emptyMetadata(review as Loose<KubernetesObject>)
}

/** A LocalSubjectAccessReview, which only asks about its own namespace. */
export function* validateLocalReview(review: Loose<LocalSubjectAccessReview>): Findings {
  const { spec = {}, metadata } = review
  yield* validateAttributes(spec)
  yield* validateSubject(spec)
  yield* emptyMetadata(review as Loose<KubernetesObject>, "namespace")
  const { resourceAttributes, nonResourceAttributes } = spec
  if (resourceAttributes !== undefined && (resourceAttributes.namespace ?? "") !== (metadata?.namespace ?? ""))
    yield invalid("spec.resourceAttributes.namespace", resourceAttributes.namespace ?? "", "must match metadata.namespace")
  if (nonResourceAttributes !== undefined)
    yield invalid("spec.nonResourceAttributes", nonResourceAttributes, "disallowed on this kind of request")
}

/** A TokenRequest for a service account. */
export function* validateTokenRequest({ spec = {} }: Loose<TokenRequest>): Findings {
  yield* tokenSeconds(spec.expirationSeconds, "spec.expirationSeconds")
}

/** A Binding says on which node a pod runs. */
export function* validateBinding({ target = {} }: Loose<Binding>): Findings {
  const { kind = "", name = "" } = target
  if (kind !== "" && kind !== "Node") yield notSupported("target.kind", kind, ["Node", "<empty>"])
  if (name === "") yield required("target.name")
}
