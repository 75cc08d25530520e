/** The front door of @tsukube/apiserver: every public name, listed by hand. @module */
export { Apiserver, layer } from "./apiserver.ts"
export { type KubeconfigSpec, kubeconfigText } from "./kubeconfig.ts"
export type { ApiserverOptions } from "./options.ts"
export type { Attributes, Authenticator, Authorizer, Connection, Decision, Registry, UserInfo } from "./request.ts"
export { parseRuntimeConfig } from "./runtime-config.ts"
export { ListenError, type Listening, PortInUse, type ServeOptions, serve } from "./server.ts"
