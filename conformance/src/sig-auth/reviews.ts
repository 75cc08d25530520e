/** Who may do what, and requests for certificates. @module */
import { generateKeyPairSync } from "node:crypto"
import { localsubjectaccessreviews, selfsubjectaccessreviews, subjectaccessreviews } from "@tsukube/api/authorization-v1"
import { type CertificateSigningRequest, certificatesigningrequests } from "@tsukube/api/certificates-v1"
import { serviceaccounts } from "@tsukube/api/core-v1"
import { rolebindings, roles } from "@tsukube/api/rbac-v1"
import { apiOperations } from "../api-operations.ts"
import { signingRequest } from "../signing-request.ts"
import { type ConformanceTest, expectEqual, expectThat } from "../suite.ts"

const subjectReview: ConformanceTest = {
  name: "[sig-auth] SubjectReview should support SubjectReview API operations",
  run: async ({ client, namespace, eventually }) => {
    const account = "e2e"
    await client.create(serviceaccounts, { metadata: { namespace, name: account } })
    const user = `system:serviceaccount:${namespace}:${account}`
    const asked = (verb: string) => ({ verb, resource: "configmaps", namespace, version: "v1" })
    const allowed = async (verb: string) => {
      const spec = { user, groups: ["system:authenticated"], resourceAttributes: asked(verb) }
      const everywhere = await client.create(subjectaccessreviews, { spec })
      const local = await client.create(localsubjectaccessreviews, { metadata: { namespace }, spec })
      expectEqual(local.status?.allowed, everywhere.status?.allowed, `the local answer for ${verb}`)
      return everywhere.status?.allowed
    }
    expectEqual(await allowed("list"), false, "whether the account may list before it has a role")
    const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["list"] }]
    await client.create(roles, { metadata: { namespace, name: "lists-configmaps" }, rules })
    await client.create(rolebindings, {
      metadata: { namespace, name: "lists-configmaps" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "lists-configmaps" },
      subjects: [{ kind: "ServiceAccount", namespace, name: account }]
    })
    await eventually("the account may list", () => allowed("list"))
    expectEqual(await allowed("create"), false, "whether the account may create")
    const self = await client.create(selfsubjectaccessreviews, { spec: { resourceAttributes: asked("list") } })
    expectEqual(self.status?.allowed, true, "whether we may list")
  }
}

const request = (): string => {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" })
  return Buffer.from(signingRequest(keys, "conformance")).toString("base64")
}

const condition = (type: string) => ({ type, status: "True" as const, reason: "Conformance", message: `set ${type}` })

const typesOf = ({ status }: CertificateSigningRequest) => status?.conditions?.map(({ type }) => type) ?? []

const certificates = apiOperations(certificatesigningrequests)(
  "[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations",
  {
    make: () => ({
      spec: {
        request: request(),
        // A signer of nobody: no controller of the cluster takes the request up.
        signerName: "conformance.example.com/nobody",
        expirationSeconds: 3600,
        usages: ["digital signature", "key encipherment", "server auth"]
      }
    }),
    also: async (object, { client }) => {
      const name = object.metadata?.name ?? ""
      const status = { ...object.status, conditions: [condition("Approved")] }
      const approved = await client.updateSubresource<CertificateSigningRequest>(
        certificatesigningrequests,
        { name },
        "approval",
        { ...object, status }
      )
      expectEqual(typesOf(approved), ["Approved"], "conditions after the approval")
      const patch = { type: "merge", body: { metadata: { annotations: { approval: "patched" } } } } as const
      const patched = await client.patch(certificatesigningrequests, { name }, patch, { subresource: "approval" })
      expectEqual(typesOf(patched), ["Approved"], "conditions after a patch of the approval")
      const conditions = [condition("Approved"), condition("StatusUpdate")]
      const updated = await client.updateStatus(certificatesigningrequests, {
        ...patched,
        status: { ...patched.status, conditions }
      })
      expectThat(typesOf(updated).includes("StatusUpdate"), `conditions after an update of the status: ${typesOf(updated)}`)
      const read = await client.get(certificatesigningrequests, { name }, { subresource: "approval" })
      expectThat(typesOf(read).includes("Approved"), "the approval subresource reads the approval")
    }
  }
)

export const reviews: ReadonlyArray<ConformanceTest> = [subjectReview, certificates]
