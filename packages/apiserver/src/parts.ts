/** Chooses the parts of a server from its options: who may come in, what they may do, how objects are printed and reached. @module */
import type { Resource } from "@tsukube/api"
import { staticTokens } from "./authenticate/bearer.ts"
import { clientCertificate } from "./authenticate/client-certificate.ts"
import { impersonating } from "./authenticate/impersonate.ts"
import { serviceAccount } from "./authenticate/service-account.ts"
import { serviceAccountKey } from "./authenticate/service-account-keys.ts"
import { makeServiceAccountTokens } from "./authenticate/token.ts"
import { union as anyAuthenticator } from "./authenticate/union.ts"
import { nodeAuthorizer } from "./authorize/node.ts"
import { makeRbac, type Rbac } from "./authorize/rbac.ts"
import { alwaysAllow, union as anyAuthorizer, orPrivileged } from "./authorize/union.ts"
import { discoveryRoute } from "./discovery.ts"
import { toTable } from "./encode/table.ts"
import { issuerRoute } from "./issuer-route.ts"
import type { ApiserverOptions } from "./options.ts"
import type { Authenticator, Authorizer, Parts, Registry, RequestContext, Review, Route } from "./request.ts"
import { localSubjectAccessReview, selfSubjectAccessReview, subjectAccessReview } from "./reviews/access-review.ts"
import { type RulesFor, selfSubjectRulesReview } from "./reviews/rules-review.ts"
import { selfSubjectReview } from "./reviews/subject-review.ts"
import { tokenReview } from "./reviews/token-review.ts"

/** Upstream's default of kubeadm clusters; what pods find the API server under. */
const defaultIssuer = "https://kubernetes.default.svc.cluster.local"

/** The parts a server of these options has. The registry is live: it may be read at any time later. */
export const makeParts = async (
  options: ApiserverOptions,
  registry: Registry,
  resources: ReadonlyArray<Resource>
): Promise<Parts> => {
  const { issuer = defaultIssuer, anonymous = true, tokens: known = {}, kubeletClient } = options
  const key = serviceAccountKey(options.serviceAccountKey)
  const tokens = makeServiceAccountTokens(key, issuer, registry)
  const rbac = makeRbac(registry)
  const authorizer = authorizerOf(options, registry, rbac)
  const byToken = [...(options.authenticators ?? []), staticTokens(known)]
  const authenticator = anyAuthenticator([...byToken, clientCertificate, serviceAccount(tokens)], { anonymous })
  const rulesFor: RulesFor = (user, namespace) =>
    options.authorizer === undefined || options.authorizer === "rbac" ? rbac.rulesFor(user, namespace) : undefined
  const reviews: Readonly<Record<string, Review>> = {
    "tokenreviews.authentication.k8s.io": tokenReview(tokens, firstOf(byToken), issuer),
    "selfsubjectreviews.authentication.k8s.io": selfSubjectReview,
    "subjectaccessreviews.authorization.k8s.io": subjectAccessReview(authorizer),
    "localsubjectaccessreviews.authorization.k8s.io": localSubjectAccessReview(authorizer),
    "selfsubjectaccessreviews.authorization.k8s.io": selfSubjectAccessReview(authorizer),
    "selfsubjectrulesreviews.authorization.k8s.io": selfSubjectRulesReview(rulesFor)
  }
  return {
    authenticator: impersonating(authenticator, authorizer),
    authorizer,
    heldRules: (user, namespace) => {
      const granted = rulesFor(user, namespace)
      return granted === undefined ? undefined : [...granted].flatMap(({ rules }) => rules)
    },
    toTable,
    routes: [discoveryRoute(() => resources), openApi(resources), issuerRoute(issuer, key)],
    reviews,
    connect: {
      "pods/log": onFirstUse(async () => (await import("./connect/log.ts")).podLog(registry, kubeletClient)),
      "pods/exec": onFirstUse(async () => (await streams()).podExec(registry, authorizer, kubeletClient)),
      "pods/attach": onFirstUse(async () => (await streams()).podAttach(registry, authorizer, kubeletClient)),
      "pods/portforward": onFirstUse(async () => (await streams()).podPortForward(registry, authorizer, kubeletClient))
    },
    proxies: {
      "nodes/proxy": onFirstUse(async () => (await proxies()).nodeProxy(registry, kubeletClient)),
      "pods/proxy": onFirstUse(async () => (await proxies()).podProxy(registry, kubeletClient)),
      "services/proxy": onFirstUse(async () => (await proxies()).serviceProxy(registry, kubeletClient))
    },
    tokens: tokens.sign
  }
}

const streams = () => import("./connect/stream.ts")
const proxies = () => import("./connect/proxy.ts")

/** What most servers are never asked for is loaded by the first request that needs it: loading is most of a start. */
const onFirstUse = <Rest extends ReadonlyArray<unknown>>(
  load: () => Promise<(context: RequestContext, ...rest: Rest) => Promise<Response>>
): ((context: RequestContext, ...rest: Rest) => Promise<Response>) => {
  let loading: ReturnType<typeof load> | undefined
  return async (context, ...rest) => {
    loading ??= load()
    return (await loading)(context, ...rest)
  }
}

const openApi = (resources: ReadonlyArray<Resource>): Route => {
  let loading: Promise<Route> | undefined
  return (context) => {
    if (!context.url.pathname.startsWith("/openapi/")) return undefined
    loading ??= import("./openapi/route.ts").then(({ openApiRoute }) => openApiRoute(() => resources))
    return loading.then((route) => route(context))
  }
}

const authorizerOf = ({ authorizer = "rbac" }: ApiserverOptions, registry: Registry, rbac: Rbac): Authorizer => {
  if (authorizer === "always-allow") return alwaysAllow
  if (authorizer !== "rbac") return orPrivileged(anyAuthorizer([authorizer]))
  return orPrivileged(anyAuthorizer([nodeAuthorizer(registry), rbac.authorize]))
}

const firstOf =
  (authenticators: ReadonlyArray<Authenticator>): Authenticator =>
  async (request, connection) => {
    for (const authenticate of authenticators) {
      const user = await authenticate(request, connection)
      if (user !== undefined) return user
    }
    return undefined
  }
