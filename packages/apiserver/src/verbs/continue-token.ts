/** Where the next page of a list starts, and at which revision: an opaque token to clients. @module */
import { badRequest } from "@tsukube/api"

/** `revision` -1n: of now ("inconsistent continuation", after the first page's revision was compacted). `start`: the last key seen, relative, and a zero byte. */
export interface ContinueToken {
  readonly revision: bigint
  readonly start: string
}

/** URL-safe base64 of upstream's form. */
export const encodeContinue = ({ revision, start }: ContinueToken): string =>
  Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: Number(revision), start })).toString("base64url")

/** 400 for anything this server did not write. */
export const decodeContinue = (token: string): ContinueToken => {
  let value: { readonly v?: unknown; readonly rv?: unknown; readonly start?: unknown }
  try {
    value = JSON.parse(Buffer.from(token, "base64url").toString("utf8"))
  } catch (error) {
    throw badRequest(`continue key is not valid: ${error instanceof Error ? error.message : String(error)}`)
  }
  const { v, rv, start } = value ?? {}
  if (v !== "meta.k8s.io/v1")
    throw badRequest(
      `continue key is not valid: server does not recognize this encoded version ${JSON.stringify(String(v ?? ""))}`
    )
  if (typeof rv !== "number" || !Number.isSafeInteger(rv) || rv === 0) {
    throw badRequest("continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
  }
  if (typeof start !== "string" || !start.endsWith("\0")) {
    throw badRequest("continue key is not valid: encoded start key empty or incorrect (version meta.k8s.io/v1)")
  }
  return { revision: BigInt(rv), start }
}
