/** Answers whether somebody may do something: SubjectAccessReview, its local and its self form. @module */
import { badRequest, type FieldError, fieldError, invalid, type KubernetesObject } from "@tsukube/api"
import type { ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec } from "@tsukube/api/authorization-v1"
import type { Attributes, Authorizer, Review, UserInfo } from "../request.ts"

/** Who is asked about and what; the self form has no user. */
type Spec = SubjectAccessReviewSpec

const group = "authorization.k8s.io"

const resourceAttributes = (attributes: ResourceAttributes): Attributes => ({
  isResource: true,
  path: "",
  verb: attributes.verb ?? "",
  group: attributes.group ?? "",
  version: attributes.version ?? "*",
  resource: attributes.resource ?? "",
  subresource: attributes.subresource ?? "",
  namespace: attributes.namespace ?? "",
  name: attributes.name ?? ""
})

const attributesOf = (spec: Spec): Attributes =>
  spec.resourceAttributes !== undefined
    ? resourceAttributes(spec.resourceAttributes)
    : {
        isResource: false,
        path: spec.nonResourceAttributes?.path ?? "",
        verb: spec.nonResourceAttributes?.verb ?? "",
        group: "",
        version: "",
        resource: "",
        subresource: "",
        namespace: "",
        name: ""
      }

const attributeErrors = (spec: Spec): ReadonlyArray<FieldError> => {
  const both = spec.resourceAttributes !== undefined && spec.nonResourceAttributes !== undefined
  const none = spec.resourceAttributes === undefined && spec.nonResourceAttributes === undefined
  if (both)
    return [
      fieldError.invalid(
        "spec.nonResourceAttributes",
        spec.nonResourceAttributes,
        "cannot be specified in combination with resourceAttributes"
      )
    ]
  return none
    ? [
        fieldError.invalid(
          "spec.resourceAttributes",
          null,
          "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        )
      ]
    : []
}

const userErrors = (spec: Spec): ReadonlyArray<FieldError> =>
  (spec.user ?? "") === "" && (spec.groups ?? []).length === 0
    ? [fieldError.invalid("spec.user", spec.user ?? "", "at least one of user or group must be specified")]
    : []

const answer = async (
  authorize: Authorizer,
  object: KubernetesObject,
  user: UserInfo,
  errors: ReadonlyArray<FieldError>
): Promise<KubernetesObject> => {
  if (errors.length > 0) throw invalid({ group, kind: object.kind ?? "" }, object.metadata?.name ?? "", errors)
  const { allowed, reason = "" } = await authorize(user, attributesOf((object as SubjectAccessReview).spec))
  return { ...object, ...{ status: { allowed, ...(reason === "" ? {} : { reason }) } } }
}

const userOf = ({ user = "", uid, groups = [], extra }: Spec): UserInfo => ({
  name: user,
  groups,
  ...(uid === undefined ? {} : { uid }),
  ...(extra === undefined ? {} : { extra })
})

/** About anybody, anywhere. */
export const subjectAccessReview =
  (authorize: Authorizer): Review =>
  (_context, object) => {
    const { spec } = object as SubjectAccessReview
    return answer(authorize, object, userOf(spec), [...attributeErrors(spec), ...userErrors(spec)])
  }

/** About anybody, in the namespace of the review. */
export const localSubjectAccessReview =
  (authorize: Authorizer): Review =>
  (context, object) => {
    const { spec } = object as SubjectAccessReview
    const { namespace } = context.info
    if ((spec.resourceAttributes?.namespace ?? "") !== namespace) {
      throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`)
    }
    return answer(authorize, object, userOf(spec), [...attributeErrors(spec), ...userErrors(spec)])
  }

/** About the one who asks. */
export const selfSubjectAccessReview =
  (authorize: Authorizer): Review =>
  (context, object) =>
    answer(authorize, object, context.user, attributeErrors((object as SubjectAccessReview).spec))
