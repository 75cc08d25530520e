/** What a server does at its start about addresses and ports that no Service has, and about Services whose own are not recorded. @module */
import { type Service, services } from "@tsukube/api/core-v1"
import type { Write } from "@tsukube/store"
import * as Effect from "effect/Effect"
import type { Serving } from "../serving.ts"
import { keyOf, type StoredObject } from "../stored.ts"
import { addressesOf, nodePortsOf } from "../strategies/services.ts"
import { readStore } from "../write.ts"
import { addressKey, claimOf } from "./addresses.ts"
import { nodePortClaim, nodePortFolder } from "./node-ports.ts"

const managedBy = "ipaddress.kubernetes.io/managed-by"

/** A Service and its claims are one commit, so what the memory shows of them at any moment belongs together. */
const repairs = (serving: Serving): ReadonlyArray<{ readonly write: Write; readonly service?: Service }> => {
  const all = serving.registry.list(services)
  const addresses = new Map<string, Service>(
    all.flatMap((service) => addressesOf(service).map((address) => [addressKey(address), service] as const))
  )
  const ports = new Map<string, Service>(
    all.flatMap((service) => nodePortsOf(service).map((port) => [`${nodePortFolder}${port}`, service] as const))
  )
  const claimed = serving.cache.bucket(addressKey("")).objects
  const claimedPorts = serving.cache.bucket(nodePortFolder).objects
  const isOurs = ({ object }: StoredObject): boolean => object.metadata?.labels?.[managedBy] === "ipallocator.k8s.io"
  const nameOf = (key: string): string => key.slice(key.lastIndexOf("/") + 1)
  return [
    ...[...claimed.values()]
      .filter((stored) => isOurs(stored) && !addresses.has(stored.key))
      .map(({ key, revision }) => ({ write: { key, value: undefined, expected: revision } })),
    ...[...claimedPorts.values()]
      .filter(({ key }) => !ports.has(key))
      .map(({ key, revision }) => ({ write: { key, value: undefined, expected: revision } })),
    ...[...addresses]
      .filter(([key]) => !claimed.has(key))
      .map(([key, service]) => ({ write: claimOf(serving, service, nameOf(key)), service })),
    ...[...ports]
      .filter(([key]) => !claimedPorts.has(key))
      .map(([key, service]) => ({ write: nodePortClaim(service, Number(nameOf(key))), service }))
  ]
}

/** Another server may be at the same work, or may delete the Service meanwhile: then there is nothing to do. */
const commit = async (serving: Serving, write: Write, service: Service | undefined): Promise<void> => {
  const { store } = serving.cache
  const attempt = (writes: ReadonlyArray<Write>) =>
    Effect.runPromise(
      store.commit(writes).pipe(
        Effect.asVoid,
        Effect.catchTag("Conflict", () => Effect.void)
      )
    )
  await attempt([write])
  if (service === undefined) return
  const { namespace = "", name = "" } = service.metadata ?? {}
  if ((await readStore(serving, keyOf(services, namespace, name))) === undefined) {
    await attempt([{ key: write.key, value: undefined }])
  }
}

/** Gives back what leaked and claims what is held unclaimed. */
export const repairAllocations = async (serving: Serving): Promise<void> => {
  for (const { write, service } of repairs(serving)) await commit(serving, write, service)
}
