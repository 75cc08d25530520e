import { afterAll, beforeAll, expect, test } from "bun:test"
import { type Answer, type Running, startServer } from "../testing/server.ts"

let server: Running
beforeAll(async () => {
  server = await startServer({ disableAdmissionPlugins: ["ServiceAccount"] })
})
afterAll(() => server.close())

const claims = "/api/v1/namespaces/default/persistentvolumeclaims"
const claim = (name: string, storage: string, storageClassName?: string) => ({
  metadata: { name },
  spec: {
    accessModes: ["ReadWriteOnce"],
    resources: { requests: { storage } },
    ...(storageClassName === undefined ? {} : { storageClassName })
  }
})
const refusal = async (response: Response): Promise<string> => {
  expect(response.status).toBe(403)
  return ((await response.json()) as Answer).message
}

test("volumes and claims begin protected, and stay until somebody lets them go", async () => {
  const made = await server.json("POST", claims, claim("kept", "1Gi"))
  expect(made.metadata.finalizers).toEqual(["kubernetes.io/pvc-protection"])
  const deleted = await server.json("DELETE", `${claims}/kept`)
  expect(deleted.metadata.deletionTimestamp).toBeString()
  const merge = { "content-type": "application/merge-patch+json" }
  await server.json("PATCH", `${claims}/kept`, { metadata: { finalizers: null } }, { headers: merge })
  expect((await server.send("GET", `${claims}/kept`)).status).toBe(404)
  const volume = await server.json("POST", "/api/v1/persistentvolumes", {
    metadata: { name: "disk" },
    spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/tmp" } }
  })
  expect(volume.metadata.finalizers).toEqual(["kubernetes.io/pv-protection"])
})

test("a claim grows only once it is bound, and from a class that allows it", async () => {
  const storageClass = (name: string, allowVolumeExpansion: boolean) =>
    server.json("POST", "/apis/storage.k8s.io/v1/storageclasses", {
      metadata: { name },
      provisioner: "x.example.com",
      allowVolumeExpansion
    })
  await storageClass("elastic", true)
  await storageClass("rigid", false)
  const bigger = (object: Answer) => ({ ...object, spec: { ...object.spec, resources: { requests: { storage: "2Gi" } } } })
  const bound = async (name: string, className: string) => {
    const made = await server.json("POST", claims, claim(name, "1Gi", className))
    const status = { phase: "Bound", capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"] }
    return server.json("PUT", `${claims}/${name}/status`, { ...made, status })
  }
  await server.json("GET", "/apis/storage.k8s.io/v1/storageclasses")
  expect(await refusal(await server.send("PUT", `${claims}/stays`, bigger(await bound("stays", "rigid"))))).toContain(
    "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
  )
  const grown = await server.json("PUT", `${claims}/grows`, bigger(await bound("grows", "elastic")))
  expect(grown.spec.resources.requests.storage).toBe("2Gi")
})

/** A request made by `openssl req -new -subj /O=GROUP/CN=USER`, for a group. */
const requestFor = async (group: string): Promise<string> => {
  await import("reflect-metadata")
  const { Pkcs10CertificateRequestGenerator } = await import("@peculiar/x509")
  const algorithm = { name: "ECDSA", namedCurve: "P-256" }
  const keys = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"])
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ O: [group] }, { CN: ["jane"] }],
    keys: keys as CryptoKeyPair,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" }
  })
  return Buffer.from(request.toString("pem")).toString("base64")
}

test("nobody gets a certificate of the masters, and approval is a right of its own", async () => {
  const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
  const body = (name: string, request: string) => ({
    metadata: { name },
    spec: { request, signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"] }
  })
  expect(await refusal(await server.send("POST", path, body("masters", await requestFor("system:masters"))))).toBe(
    'certificatesigningrequests.certificates.k8s.io "masters" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed'
  )
  const made = await server.json("POST", path, body("jane", await requestFor("developers")))
  const approved = { ...made, status: { conditions: [{ type: "Approved", status: "True", reason: "Fine", message: "" }] } }
  await server.json("POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", {
    metadata: { name: "approver" },
    rules: [
      { apiGroups: ["certificates.k8s.io"], resources: ["certificatesigningrequests/approval"], verbs: ["update"] },
      { apiGroups: ["certificates.k8s.io"], resources: ["signers"], resourceNames: ["example.com/*"], verbs: ["approve"] }
    ]
  })
  await server.json("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: "approver" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "approver" },
    subjects: [{ kind: "User", name: "bob", apiGroup: "rbac.authorization.k8s.io" }]
  })
  await server.json("GET", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings")
  const bob = server.as({ name: "bob", groups: ["system:authenticated"] })
  expect(await refusal(await bob.send("PUT", `${path}/jane/approval`, approved))).toContain(
    'user not permitted to approve requests with signerName "kubernetes.io/kube-apiserver-client"'
  )
  await server.json("PUT", `${path}/jane/approval`, approved)
})
