import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { type Answer, configMap, pod, type Running, startServer } from "../testing/server.ts"

let server: Running
beforeAll(async () => {
  server = await startServer()
  await server.json("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } })
})
afterAll(() => server.close())

const configs = "/api/v1/namespaces/default/configmaps"
const pods = "/api/v1/namespaces/default/pods"
const merge = { headers: { "content-type": "application/merge-patch+json" } }

const scheduled = async (name: string): Promise<Answer> => {
  await server.json("POST", pods, pod(name))
  await server.json("POST", `${pods}/${name}/binding`, { target: { kind: "Node", name: "node-1" } })
  return server.json("GET", `${pods}/${name}`)
}

describe("finalizers", () => {
  test("hold an object until the last one is gone", async () => {
    await server.json("POST", configs, { ...configMap("held"), metadata: { name: "held", finalizers: ["example.com/a"] } })
    const marked = await server.json("DELETE", `${configs}/held`)
    expect(marked.metadata.deletionTimestamp).toBeString()
    expect(marked.metadata.deletionGracePeriodSeconds).toBe(0)
    const again = await server.json("DELETE", `${configs}/held`)
    expect(again.metadata.resourceVersion).toBe(marked.metadata.resourceVersion)
    const more = { metadata: { finalizers: ["example.com/a", "example.com/b"] } }
    await server.json("PATCH", `${configs}/held`, more, { ...merge, code: 422 })
    await server.json("PATCH", `${configs}/held`, { metadata: { finalizers: null } }, merge)
    expect((await server.send("GET", `${configs}/held`)).status).toBe(404)
  })

  test("say what the garbage collector is to do", async () => {
    for (const [policy, finalizer] of [
      ["Orphan", "orphan"],
      ["Foreground", "foregroundDeletion"]
    ]) {
      const name = policy!.toLowerCase()
      await server.json("POST", configs, configMap(name))
      const answer = await server.send("DELETE", `${configs}/${name}?propagationPolicy=${policy}`)
      expect(answer.status).toBe(policy === "Foreground" ? 202 : 200)
      expect(((await answer.json()) as Answer).metadata.finalizers).toEqual([finalizer])
    }
    await server.json("DELETE", `${configs}/orphan?propagationPolicy=Sometimes`, undefined, { code: 422 })
  })
})

describe("preconditions", () => {
  test("are kept", async () => {
    const made = await server.json("POST", configs, configMap("guarded"))
    const wrong = await server.json("DELETE", `${configs}/guarded`, { preconditions: { uid: "other" } }, { code: 409 })
    expect(wrong.message).toContain(`the UID in the precondition (other) does not match the UID in record (${made.metadata.uid})`)
    await server.json("DELETE", `${configs}/guarded`, { preconditions: { resourceVersion: "1" } }, { code: 409 })
    await server.json("DELETE", `${configs}/guarded`, { preconditions: { uid: made.metadata.uid } })
  })
})

describe("a pod", () => {
  test("goes at once when it runs nowhere", async () => {
    await server.json("POST", pods, pod("unscheduled"))
    const answer = await server.json("DELETE", `${pods}/unscheduled`)
    expect(answer.kind).toBe("Pod")
    expect((await server.send("GET", `${pods}/unscheduled`)).status).toBe(404)
  })

  test("gets time to end, which may be shortened", async () => {
    const made = await scheduled("graceful")
    const marked = await server.json("DELETE", `${pods}/graceful`)
    expect(marked.metadata.deletionGracePeriodSeconds).toBe(30)
    expect(marked.metadata.generation).toBe(made.metadata.generation + 1)
    const shorter = await server.json("DELETE", `${pods}/graceful?gracePeriodSeconds=5`)
    expect(shorter.metadata.deletionGracePeriodSeconds).toBe(5)
    const longer = await server.json("DELETE", `${pods}/graceful`, { gracePeriodSeconds: 60 })
    expect(longer.metadata.deletionGracePeriodSeconds).toBe(5)
    await server.json("DELETE", `${pods}/graceful?gracePeriodSeconds=0`)
    expect((await server.send("GET", `${pods}/graceful`)).status).toBe(404)
  })

  test("stays for its finalizers even when its time is up", async () => {
    await scheduled("finalized")
    await server.json("PATCH", `${pods}/finalized`, { metadata: { finalizers: ["example.com/x"] } }, merge)
    await server.json("DELETE", `${pods}/finalized?gracePeriodSeconds=0`)
    await server.json("PATCH", `${pods}/finalized`, { metadata: { finalizers: [] } }, merge)
    expect((await server.send("GET", `${pods}/finalized`)).status).toBe(404)
  })
})

describe("a namespace", () => {
  test("is terminated in steps and takes nothing new meanwhile", async () => {
    const made = await server.json("POST", "/api/v1/namespaces", { metadata: { name: "ending" } })
    expect(made).toMatchObject({
      metadata: { labels: { "kubernetes.io/metadata.name": "ending" } },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" }
    })
    const ending = await server.json("DELETE", "/api/v1/namespaces/ending")
    expect(ending.status.phase).toBe("Terminating")
    const refused = await server.json("POST", "/api/v1/namespaces/ending/configmaps", configMap("late"), { code: 403 })
    expect(refused.message).toBe(
      'configmaps "late" is forbidden: unable to create new content in namespace ending because it is being terminated'
    )
    expect(refused.details.causes[0].reason).toBe("NamespaceTerminating")
    await server.json("PUT", "/api/v1/namespaces/ending/finalize", { ...ending, spec: {} })
    expect((await server.send("GET", "/api/v1/namespaces/ending")).status).toBe(404)
  })

  test("of the first ones is never deleted", async () => {
    expect((await server.json("DELETE", "/api/v1/namespaces/default", undefined, { code: 403 })).message).toContain(
      "this namespace may not be deleted"
    )
  })
})

test("a collection is deleted by selector", async () => {
  await server.json("POST", "/api/v1/namespaces", { metadata: { name: "many" } })
  const path = "/api/v1/namespaces/many/configmaps"
  for (let i = 0; i < 30; i++) {
    await server.json("POST", path, { metadata: { name: `c${i}`, labels: { even: String(i % 2 === 0) } } })
  }
  const deleted = await server.json("DELETE", `${path}?labelSelector=even%3Dtrue`)
  expect(deleted.items).toHaveLength(15)
  expect((await server.json("GET", path)).items).toHaveLength(15)
})
