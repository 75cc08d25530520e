/** How to reach an API server and as whom, in plain data: what a kubeconfig or a pod's own environment comes down to. @module */

/** Certificates and keys are PEM text. */
export interface Connection {
  /** `https://host:port`, with a path when the server sits behind one. */
  readonly server: string
  /** Authorities that the server's certificate is checked against; default those of the runtime. */
  readonly ca?: string
  /** The name the server's certificate must bear, when it is not the host of `server`. */
  readonly tlsServerName?: string
  /** Accepts any server certificate: whoever sits in between can read and write everything. */
  readonly insecureSkipTlsVerify?: boolean
  /** Client certificate and its key. */
  readonly cert?: string
  readonly key?: string
  /** Bearer token. */
  readonly token?: string
  /** A file that holds the token and may change: read again every minute; wins over `token`. */
  readonly tokenFile?: string
  readonly username?: string
  readonly password?: string
  /** Acts as somebody else, if the server lets us. */
  readonly impersonate?: Impersonation
  /** The namespace to work in when none is named. */
  readonly namespace: string
}

/** Whom to act as. */
export interface Impersonation {
  readonly user: string
  readonly uid?: string
  readonly groups?: ReadonlyArray<string>
  readonly extra?: Readonly<Record<string, ReadonlyArray<string>>>
}
