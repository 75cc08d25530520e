import { describe, expect, test } from "bun:test"
import { readPath } from "./paths.ts"

const read = (line: string) => {
  const [method, path] = line.split(" ") as [string, string]
  const { verb, group, version, resource, subresource, namespace, name, rest } = readPath(method, new URL(path, "http://x"))
  return [verb, group, version, resource, subresource, namespace, name, rest].join("|")
}

describe("paths are read as upstream reads them", () => {
  const table: Record<string, string> = {
    "GET /api/v1/pods": "list||v1|pods||||",
    "GET /api/v1/namespaces/a/pods": "list||v1|pods||a||",
    "GET /api/v1/namespaces/a/pods?watch=true": "watch||v1|pods||a||",
    "GET /api/v1/namespaces/a/pods?watch=0": "list||v1|pods||a||",
    "GET /api/v1/namespaces/a/pods?fieldSelector=metadata.name%3Dx": "list||v1|pods||a|x|",
    "GET /api/v1/namespaces/a/pods/x": "get||v1|pods||a|x|",
    "GET /api/v1/namespaces/a/pods/x/log": "get||v1|pods|log|a|x|",
    "POST /api/v1/namespaces/a/pods/x/proxy/b/c": "create||v1|pods|proxy|a|x|b/c",
    "GET /api/v1/namespaces": "list||v1|namespaces||||",
    "GET /api/v1/namespaces/a": "get||v1|namespaces||a|a|",
    "PUT /api/v1/namespaces/a/finalize": "update||v1|namespaces|finalize|a|a|",
    "PATCH /api/v1/namespaces/a/status": "patch||v1|namespaces|status|a|a|",
    "DELETE /apis/apps/v1/namespaces/a/deployments": "deletecollection|apps|v1|deployments||a||",
    "DELETE /apis/apps/v1/namespaces/a/deployments/x": "delete|apps|v1|deployments||a|x|",
    "GET /apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode":
      "get|rbac.authorization.k8s.io|v1|clusterroles|||system:node|",
    "GET /api/v1/watch/namespaces/a/pods": "watch||v1|pods||a||"
  }
  for (const [line, expected] of Object.entries(table)) test(line, () => expect(read(line)).toBe(expected))
})

test("what is not below a version is a plain path", () => {
  for (const path of ["/healthz", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/openapi/v2", "/"]) {
    expect(readPath("GET", new URL(path, "http://x"))).toMatchObject({ isResource: false, path, verb: "get" })
  }
})
