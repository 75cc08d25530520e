import { expect, test } from "bun:test"
import { startApiserver } from "@tsukube/apiserver/promise"
import { all } from "@tsukube/controllers"
import { accountOf } from "./controller-accounts.ts"

test("every controller has an account with a role of its own", async () => {
  await using server = await startApiserver({ store: "memory" })
  const path = "https://x/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
  const { items } = (await (await server.fetch(new Request(path))).json()) as {
    readonly items: ReadonlyArray<{
      readonly roleRef: { readonly name: string }
      readonly subjects?: ReadonlyArray<{ readonly name: string; readonly namespace?: string }>
    }>
  }
  for (const { name } of all) {
    const account = accountOf(name).name.split(":").at(-1)!
    const bindings = items.filter(({ subjects = [] }) =>
      subjects.some((one) => one.name === account && one.namespace === "kube-system")
    )
    expect(bindings.map(({ roleRef }) => roleRef.name)).toEqual([`system:controller:${account}`])
  }
})

test("nobody of them may do everything", async () => {
  await using server = await startApiserver({ store: "memory" })
  for (const { name } of all) {
    const fetch = server.fetchAs(accountOf(name))
    const body = JSON.stringify({ kind: "ConfigMap", apiVersion: "v1", metadata: { name: "x" } })
    const headers = { "content-type": "application/json" }
    const place = "https://x/api/v1/namespaces/default/secrets"
    expect((await fetch(new Request(place, { method: "POST", body, headers }))).status).toBe(403)
  }
})
