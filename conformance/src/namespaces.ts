/** Namespaces of tests: made ready before, deleted after, waited for before a test that runs alone. @module */
import { namespaces, serviceaccounts } from "@tsukube/api/core-v1"
import type { PromiseClient } from "@tsukube/client/promise"
import { eventually } from "./eventually.ts"
import { present, unlessGone } from "./suite.ts"

/** Makes a namespace and waits until pods can be created in it, which takes its default service account. */
export const makeNamespace = async (client: PromiseClient, prefix: string): Promise<string> => {
  const labels = { "e2e-framework": prefix }
  const { metadata } = await client.create(namespaces, { metadata: { generateName: `${prefix}-`, labels } })
  const namespace = present(metadata?.name, "the name of the new namespace")
  await eventually(`the default service account of ${namespace}`, () =>
    unlessGone(client.get(serviceaccounts, { namespace, name: "default" }))
  )
  return namespace
}

/** Asks for the end of a namespace; a missing one is fine. */
export const deleteNamespace = async (client: PromiseClient, name: string): Promise<void> => {
  await unlessGone(client.delete(namespaces, { name }))
}

/** Waits until the namespace and everything in it are gone. */
export const awaitNamespaceGone = async (client: PromiseClient, name: string, withinMs: number): Promise<void> => {
  await eventually(
    `namespace ${name} is gone`,
    async () => (await unlessGone(client.get(namespaces, { name }))) === undefined,
    withinMs
  )
}
