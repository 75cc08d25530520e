/** Cluster IPs: each is an IPAddress object, created in the same commit as the Service, so no two Services ever share one. @module */
import { fieldError, invalid, type KubernetesObject } from "@tsukube/api"
import { services } from "@tsukube/api/core-v1"
import { ipaddresses } from "@tsukube/api/networking-v1"
import type { Write } from "@tsukube/store"
import { newMetadata, withMetadata } from "../object-meta.ts"
import type { Serving } from "../serving.ts"
import { keyOf, storedText } from "../stored.ts"
import { readStore } from "../write.ts"
import { type AddressRange, addressToNumber, canonicalAddress, type Family, familyOf, numberToAddress } from "./cidr.ts"
import { allocatableRanges } from "./ranges.ts"

/** Addresses looked at before a range counts as full. */
const probeLimit = 65_536

/** The first address of a range: the `kubernetes` Service's. */
export const firstAddress = ({ first, family }: AddressRange): string => numberToAddress(first, family)

/** Where the claim of an address is. */
export const addressKey = (address: string): string => keyOf(ipaddresses, "", address)

/** The write that claims an address for a Service. */
export const claimOf = (serving: Serving, service: KubernetesObject, address: string): Write => {
  const { namespace = "", name = "" } = service.metadata ?? {}
  const object: KubernetesObject = Object.assign(
    {
      kind: "IPAddress",
      apiVersion: "networking.k8s.io/v1",
      metadata: {
        name: address,
        labels: {
          "ipaddress.kubernetes.io/ip-family": familyOf(address),
          "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"
        }
      }
    },
    { spec: { parentRef: { resource: "services", namespace, name } } }
  )
  const metadata = newMetadata(object, { namespace: "", now: serving.now(), generation: false })
  return { key: addressKey(address), value: storedText(withMetadata(object, metadata)), expected: 0n }
}

/** The writes that give addresses back. */
export const releaseAddresses = (addresses: ReadonlyArray<string>): ReadonlyArray<Write> =>
  addresses.map((address) => ({ key: addressKey(address), value: undefined }))

const refused = (service: KubernetesObject, addresses: ReadonlyArray<string>, detail: string): Error =>
  invalid(services, service.metadata?.name ?? "", [fieldError.invalid("spec.clusterIPs", addresses, detail)])

/** Claims an address that a Service asks for; 422 when it is outside the ranges or taken. */
export const claimAddress = async (
  serving: Serving,
  service: KubernetesObject,
  asked: string
): Promise<{ readonly address: string; readonly write: Write }> => {
  const address = canonicalAddress(asked)
  const ranges = allocatableRanges(serving).filter(({ family }) => family === familyOf(asked))
  const range = ranges.find(({ first, last }) => {
    if (address === undefined) return false
    const number = addressToNumber(address)
    return number >= first && number <= last
  })
  if (address === undefined || range === undefined) {
    const valid = ranges.map(({ cidr }) => cidr).join(",")
    throw refused(
      service,
      [asked],
      `failed to allocate IP ${asked}: the provided IP (${asked}) is not in the valid range. The range of valid IPs is ${valid}`
    )
  }
  if ((await readStore(serving, addressKey(address))) !== undefined) {
    throw refused(service, [asked], `failed to allocate IP ${asked}: provided IP is already allocated`)
  }
  return { address, write: claimOf(serving, service, address) }
}

/** Claims any free address of a family. The lower part of the range is left to those who ask for a certain address. */
export const claimAnyAddress = (
  serving: Serving,
  service: KubernetesObject,
  family: Family
): { readonly address: string; readonly write: Write } => {
  for (const range of allocatableRanges(serving)) {
    const address = range.family === family ? freeAddress(serving, range) : undefined
    if (address !== undefined) return { address, write: claimOf(serving, service, address) }
  }
  throw refused(service, [], `failed to allocate a serviceIP: range is full`)
}

const freeAddress = (serving: Serving, { first, last, family }: AddressRange): string | undefined => {
  const taken = serving.cache.bucket(addressKey("")).objects
  const size = Number(last - first) + 1
  const reserved = size <= 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 16)), 256)
  const start = reserved + Math.floor(Math.random() * Math.min(size - reserved, Number.MAX_SAFE_INTEGER))
  for (let i = 0; i < Math.min(size, probeLimit); i++) {
    // Beyond the end it goes on at the beginning, so the lower part comes last.
    const address = numberToAddress(first + BigInt((start + i) % size), family)
    if (!taken.has(addressKey(address))) return address
  }
  return undefined
}
