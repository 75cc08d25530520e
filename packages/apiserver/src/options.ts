/** What can be chosen about an API server. @module */
import type { AccessLog } from "./access-log.ts"
import type { Limits } from "./in-flight.ts"
import type { Authenticator, Authorizer, UserInfo } from "./request.ts"

/** All optional: the defaults give a server that trusts `fetchAs` and client certificates and authorizes by RBAC. */
export interface ApiserverOptions {
  /** Cluster IPs of Services; default 10.96.0.0/12. */
  readonly serviceCidr?: string
  /** Node ports of Services, both ends included; default 30000-32767. */
  readonly nodePortRange?: { readonly from: number; readonly to: number }
  /**
   * What is served besides the default or not served, as upstream's `--runtime-config`: `api/all`, `api/ga`, `api/beta`, `api/alpha`,
   * `GROUP/VERSION` and `GROUP/VERSION/RESOURCE`; the more exact word wins. Keys that mean nothing are refused at start.
   */
  readonly runtimeConfig?: Readonly<Record<string, boolean>>
  /** Fields that v1.36 keeps behind gates that are off, as upstream's `--feature-gates`; `featureGates` names the gates. */
  readonly featureGates?: Readonly<Record<string, boolean>>
  /** Where the API can be reached, for the `kubernetes` Service's endpoints; without it the Service has none. */
  readonly advertise?: { readonly address: string; readonly port: number }
  /** How long an Event is kept after it last happened; default an hour. */
  readonly eventTtlSeconds?: number
  /** `iss` of service account tokens; default https://kubernetes.default.svc.cluster.local. */
  readonly issuer?: string
  /** Private key of service account tokens (PEM, PKCS 8); a fresh one when absent. */
  readonly serviceAccountKey?: string
  /** Static bearer tokens and who they stand for. */
  readonly tokens?: Readonly<Record<string, UserInfo>>
  /** `system:anonymous` for requests without credentials; default true, as upstream. */
  readonly anonymous?: boolean
  /** Asked before the built-in ones. */
  readonly authenticators?: ReadonlyArray<Authenticator>
  /** Default: RBAC. */
  readonly authorizer?: "rbac" | "always-allow" | Authorizer
  /** Admission plugins to do without, by upstream's names (`ServiceAccount`). */
  readonly disableAdmissionPlugins?: ReadonlyArray<string>
  /** How kubelets are reached for log, exec, attach and port-forward (PEM). */
  readonly kubeletClient?: { readonly cert: string; readonly key: string; readonly ca: string }
  /** How much at once, and for how long. Callers in the same process (`fetchAs`) are not bounded. */
  readonly limits?: Limits
  /** Called for every answered request; default none. */
  readonly accessLog?: AccessLog
}
