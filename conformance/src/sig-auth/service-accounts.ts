/** ServiceAccounts: their life, their tokens, and what every namespace gets of them. @module */
import { type TokenRequest, tokenreviews } from "@tsukube/api/authentication-v1"
import { configmaps, pods, serviceaccounts } from "@tsukube/api/core-v1"
import { observeFromNow } from "../observe.ts"
import { pausePod } from "../pods.ts"
import { type ConformanceTest, expectEqual, expectThat, present, retryOnConflict } from "../suite.ts"

const lifecycle: ConformanceTest = {
  name: "[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const label = cluster.unique("life")
    const labelSelector = `life=${label}`
    const key = { namespace, name: "testserviceaccount" }
    using watch = await observeFromNow(cluster, serviceaccounts, { namespace, labelSelector })
    await client.create(serviceaccounts, { metadata: { ...key, labels: { life: label } } })
    await watch.next("ADDED", ({ type }) => type === "ADDED")
    await client.patch(serviceaccounts, key, { type: "strategic", body: { automountServiceAccountToken: false } })
    await watch.next("the patch", ({ type, object }) => type === "MODIFIED" && object.automountServiceAccountToken === false)
    const { items } = await client.list(serviceaccounts, { labelSelector })
    expectEqual(
      items.map(({ metadata, automountServiceAccountToken }) => [metadata?.name, automountServiceAccountToken]),
      [["testserviceaccount", false]],
      "the account in the list of all namespaces"
    )
    await client.deleteCollection(serviceaccounts, { namespace, labelSelector })
    await watch.next("DELETED", ({ type }) => type === "DELETED")
  }
}

const updated: ConformanceTest = {
  name: "[sig-auth] ServiceAccounts should update a ServiceAccount",
  run: async ({ client, namespace }) => {
    const key = { namespace, name: "updated" }
    await client.create(serviceaccounts, { metadata: key, automountServiceAccountToken: false })
    await retryOnConflict(async () => {
      const current = await client.get(serviceaccounts, key)
      return client.update(serviceaccounts, { ...current, automountServiceAccountToken: true })
    })
    expectEqual((await client.get(serviceaccounts, key)).automountServiceAccountToken, true, "the field after the update")
  }
}

const rootCertificate: ConformanceTest = {
  name: "[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace",
  run: async ({ client, namespace, eventually }) => {
    const key = { namespace, name: "kube-root-ca.crt" }
    const certificate = async () => (await client.get(configmaps, key)).data?.["ca.crt"]
    const original = await eventually("the namespace has the certificate", certificate)
    expectThat(original.includes("-----BEGIN CERTIFICATE-----"), "it is a certificate")
    await client.delete(configmaps, key)
    await eventually("it comes back after a delete", async () => (await certificate()) === original)
    const current = await client.get(configmaps, key)
    await client.update(configmaps, { ...current, data: { "ca.crt": "" } })
    await eventually("it comes back after a change", async () => (await certificate()) === original)
  }
}

const tokenReview: ConformanceTest = {
  name: "[sig-auth] ServiceAccounts should create a serviceAccountToken and ensure a successful TokenReview",
  run: async ({ client, namespace }) => {
    const key = { namespace, name: "reviewed" }
    const account = await client.create(serviceaccounts, { metadata: key })
    const request: TokenRequest = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: [], expirationSeconds: 3600 }
    }
    const issued = await client.createSubresource<TokenRequest>(serviceaccounts, key, "token", request)
    const token = present(issued.status?.token, "the token")
    expectThat(Date.parse(present(issued.status?.expirationTimestamp, "its end")) > Date.now(), "the token is not expired yet")
    const { status } = await client.create(tokenreviews, { spec: { token } })
    expectEqual(status?.error ?? "", "", "the error of the review")
    expectEqual(status?.authenticated, true, "authenticated")
    expectEqual(status?.user?.username, `system:serviceaccount:${namespace}:reviewed`, "the user")
    expectEqual(status?.user?.uid, account.metadata?.uid, "the uid of the user")
    for (const group of ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"]) {
      expectThat(status?.user?.groups?.includes(group) === true, `the user is in ${group}`)
    }
  }
}

const optOut: ConformanceTest = {
  name: "[sig-auth] ServiceAccounts should allow opting out of API token automount",
  run: async (cluster) => {
    const { client, namespace } = cluster
    const choices = [
      ["default", undefined],
      ["mount", true],
      ["nomount", false]
    ] as const
    for (const [account, choice] of choices.slice(1)) {
      const automount = choice === undefined ? {} : { automountServiceAccountToken: choice }
      await client.create(serviceaccounts, { metadata: { namespace, name: account }, ...automount })
    }
    for (const [account, ofAccount] of choices) {
      for (const [word, ofPod] of choices) {
        const name = `pod-${account}-${word}`
        const automount = ofPod === undefined ? {} : { automountServiceAccountToken: ofPod }
        const { spec } = await client.create(pods, pausePod(cluster, name, {}, { serviceAccountName: account, ...automount }))
        const mounts = (spec?.containers ?? []).flatMap(({ volumeMounts }) => volumeMounts ?? [])
        const mounted = mounts.some(({ mountPath }) => mountPath === "/var/run/secrets/kubernetes.io/serviceaccount")
        // What the pod says counts; what the account says, where the pod says nothing; else yes.
        expectEqual(mounted, ofPod ?? ofAccount ?? true, `whether ${name} mounts a token`)
      }
    }
  }
}

export const serviceAccounts: ReadonlyArray<ConformanceTest> = [lifecycle, updated, rootCertificate, tokenReview, optOut]
