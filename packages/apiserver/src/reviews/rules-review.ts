/** Lists what the user may do in a namespace, for `kubectl auth can-i --list`. @module */
import { badRequest } from "@tsukube/api"
import type { SelfSubjectRulesReview } from "@tsukube/api/authorization-v1"
import type { PolicyRule } from "@tsukube/api/rbac-v1"
import type { Review, UserInfo } from "../request.ts"

/** Where the rules come from; `undefined` when the server does not authorize by rules. */
export type RulesFor = (user: UserInfo, namespace: string) => Iterable<{ readonly rules: ReadonlyArray<PolicyRule> }> | undefined

const everything: ReadonlyArray<PolicyRule> = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] }
]

/** Complete for RBAC; what only the node authorizer allows is not listed, and then it says so. */
export const selfSubjectRulesReview =
  (rulesFor: RulesFor): Review =>
  async (context, object) => {
    const namespace = (object as SelfSubjectRulesReview).spec.namespace ?? ""
    if (namespace === "") throw badRequest("no namespace on request")
    const { user } = context
    const granted = rulesFor(user, namespace)
    const rules = granted === undefined ? everything : [...granted].flatMap((one) => one.rules)
    const resourceRules = rules
      .filter(({ resources }) => resources !== undefined)
      .map(({ verbs, apiGroups = [], resources = [], resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames === undefined ? {} : { resourceNames })
      }))
    const nonResourceRules = rules
      .filter(({ nonResourceURLs }) => nonResourceURLs !== undefined)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs }))
    const node = user.groups.includes("system:nodes")
    const incomplete = node
      ? { incomplete: true, evaluationError: "node authorizer does not support user rule resolution" }
      : { incomplete: false }
    return { ...object, ...{ status: { resourceRules, nonResourceRules, ...incomplete } } }
  }
