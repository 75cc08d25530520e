/** Names of chains: fixed ones, and hashed ones that are the same on every node and every run. @module */
import { createHash } from "node:crypto"
import type { Protocol } from "../state.ts"

/** The kinds of chains that belong to one service port. */
export type ServiceChainKind = "KUBE-SVC" | "KUBE-SVL" | "KUBE-EXT" | "KUBE-FW" | "KUBE-SEP"

/** Chains that every node has, by table. */
export const fixedChains: Readonly<Record<"filter" | "nat", ReadonlyArray<string>>> = {
  filter: ["KUBE-EXTERNAL-SERVICES", "KUBE-FIREWALL", "KUBE-FORWARD", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL", "KUBE-SERVICES"],
  nat: ["KUBE-MARK-MASQ", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-SERVICES"]
}

const fixed = new Set([...fixedChains.filter, ...fixedChains.nat])

/** Base 32 of RFC 4648, of as many whole groups of five bits as 16 letters need. */
const base32Of16 = (bytes: Uint8Array): string => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
  let text = ""
  let bits = 0n
  for (const byte of bytes.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte)
  for (let shift = 75n; shift >= 0n; shift -= 5n) text += alphabet[Number((bits >> shift) & 31n)]
  return text
}

/** Names asked for before: every round asks for all of them again, and hashing is most of what a round costs. */
const known = new Map<string, string>()
const knownLimit = 200_000

const hashOf = (text: string): string => {
  const found = known.get(text)
  if (found !== undefined) return found
  if (known.size >= knownLimit) known.clear()
  const hash = base32Of16(createHash("sha256").update(text).digest())
  known.set(text, hash)
  return hash
}

/** The chain of a service port, as upstream names it; for `KUBE-SEP` with the endpoint's `ip:port`. */
export const chainName = (kind: ServiceChainKind, servicePort: string, protocol: Protocol, endpoint = ""): string =>
  `${kind}-${hashOf(`${servicePort}${protocol.toLowerCase()}${endpoint}`)}`

/** Whether a chain is one of the proxy's own. */
export const isOwnChain = (chain: string): boolean => fixed.has(chain) || /^KUBE-(SVC|SVL|EXT|FW|SEP)-[A-Z2-7]{16}$/.test(chain)
