/** Lists in chunks, and lists as tables. @module */
import { type PodTemplate, podtemplates } from "@tsukube/api/core-v1"
import type { Status } from "@tsukube/api/meta-v1"
import { type Cluster, type ConformanceTest, expectEqual, expectRefused, expectThat, present } from "../suite.ts"

const total = 120

const nameAt = (index: number): string => `template-${String(index).padStart(4, "0")}`

const makeTemplates = async ({ client, namespace, image }: Cluster): Promise<void> => {
  const make = (index: number) =>
    client.create(podtemplates, {
      metadata: { namespace, name: nameAt(index) },
      template: { spec: { containers: [{ name: "test", image }] } }
    })
  for (let from = 0; from < total; from += 10) {
    await Promise.all(Array.from({ length: Math.min(10, total - from) }, (_, offset) => make(from + offset)))
  }
}

const chunks: ConformanceTest = {
  name: "[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls",
  run: async (cluster) => {
    const { client, namespace } = cluster
    await makeTemplates(cluster)
    for (const limit of [17, 50, total]) {
      const read: Array<PodTemplate> = []
      let version: string | undefined
      let token: string | undefined
      do {
        const page = await client.list(podtemplates, { namespace, limit, ...(token === undefined ? {} : { continue: token }) })
        const { resourceVersion, remainingItemCount } = page.metadata
        expectThat(page.items.length <= limit, `a page of ${page.items.length} for a limit of ${limit}`)
        version ??= present(resourceVersion, "the resourceVersion of the first page")
        expectEqual(resourceVersion, version, "the resourceVersion of a later page")
        read.push(...page.items)
        token = page.metadata.continue || undefined
        if (token !== undefined && remainingItemCount !== undefined) {
          expectEqual(remainingItemCount, total - read.length, "remainingItemCount")
        }
        expectEqual(token !== undefined, read.length < total, `a continue token after ${read.length} of ${total}`)
      } while (token !== undefined)
      expectEqual(
        read.map(({ metadata }) => metadata?.name),
        Array.from({ length: total }, (_, index) => nameAt(index)),
        `names read in pages of ${limit}`
      )
    }
    const { items, metadata } = await client.list(podtemplates, { namespace })
    expectEqual(items.length, total, "items of the whole list")
    expectThat(!metadata.continue, "the whole list has no continue token")
  }
}

const inconsistent: ConformanceTest = {
  name: "[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent",
  run: async (cluster) => {
    const { client, namespace } = cluster
    await makeTemplates(cluster)
    const limit = Math.floor(total / 3)
    const first = await client.list(podtemplates, { namespace, limit })
    const stale = present(first.metadata.continue, "the continue token of the first page")
    // How often versions are thrown away is the cluster's choice; upstream's does it every five minutes, with those of the round before.
    const expired = await cluster.eventually("the token has expired", () => expiry(cluster, limit, stale), 720_000)
    const token = present(expired.metadata?.continue, "the continue token of the refusal")
    const read = first.items.map(({ metadata }) => metadata?.name)
    let page = await client.list(podtemplates, { namespace, limit, continue: token })
    expectThat(
      page.metadata.resourceVersion !== first.metadata.resourceVersion || page.metadata.resourceVersion === "",
      "the inconsistent page is of another resourceVersion"
    )
    for (;;) {
      read.push(...page.items.map(({ metadata }) => metadata?.name))
      if (!page.metadata.continue) break
      page = await client.list(podtemplates, { namespace, limit, continue: page.metadata.continue })
    }
    expectEqual(
      read,
      Array.from({ length: total }, (_, index) => nameAt(index)),
      "names read before and after the token expired"
    )
  }
}

/** The refusal of an expired token, which says how to go on; undefined while the token is good. */
const expiry = async ({ client, namespace }: Cluster, limit: number, token: string): Promise<Status | undefined> => {
  try {
    await client.list(podtemplates, { namespace, limit, continue: token })
    return undefined
  } catch (error) {
    if (typeof error !== "object" || error === null || !("status" in error)) throw error
    const status = error.status as Status
    if (status.code !== 410) throw error
    expectEqual(status.reason, "Expired", "the reason of the refusal")
    return status
  }
}

const tableAccept = "application/json;as=Table;v=v1;g=meta.k8s.io"

const notATable: ConformanceTest = {
  name: "[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata",
  run: async ({ client }) => {
    const body = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { nonResourceAttributes: { path: "/", verb: "get" } }
    }
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    const refusal = await expectRefused(
      client.request({ method: "POST", path, body, accept: tableAccept }),
      406,
      "a review as Table"
    )
    expectEqual(refusal.reason, "NotAcceptable", "the reason of the refusal")
  }
}

export const lists: ReadonlyArray<ConformanceTest> = [chunks, inconsistent, notATable]
