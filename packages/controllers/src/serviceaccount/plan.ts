/** Which service accounts a namespace must have. Pure. @module */
import type { Namespace, ServiceAccount } from "@tsukube/api/core-v1"
import { isDeleting, nameOf } from "../object.ts"

/** The accounts that every namespace has. */
const names: ReadonlyArray<string> = ["default"]

/** The accounts to make in a namespace. */
export const missingAccounts = (namespace: Namespace, exists: (key: string) => boolean): ReadonlyArray<ServiceAccount> => {
  if (isDeleting(namespace) || namespace.status?.phase === "Terminating") return []
  const missing = names.filter((name) => !exists(`${nameOf(namespace)}/${name}`))
  return missing.map((name) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: nameOf(namespace) } }))
}
