/** Who may approve and sign certificate requests: that is a right over the signer the request names; and whom no certificate may name. @module */
import { isDeepStrictEqual } from "node:util"
import { forbidden } from "@tsukube/api"
import type { CertificateSigningRequest } from "@tsukube/api/certificates-v1"
import { organizationsOf } from "../certificate-request.ts"
import type { Serving } from "../serving.ts"
import { type AdmissionPlugin, type AdmissionRequest, isResource } from "./admission.ts"

const group = "certificates.k8s.io"
const clientSigner = "kubernetes.io/kube-apiserver-client"

const isRequest = (request: AdmissionRequest): boolean => isResource(request, group, "certificatesigningrequests")

/** Whether the user has the verb on the signer, or on all signers of its domain. */
const mayAs = async (serving: Serving, { user }: AdmissionRequest, verb: string, signerName: string): Promise<boolean> => {
  const domain = signerName.split("/")[0] ?? ""
  for (const name of [signerName, `${domain}/*`]) {
    const attributes = {
      isResource: true,
      path: "",
      verb,
      group,
      version: "*",
      resource: "signers",
      subresource: "",
      namespace: "",
      name
    }
    if ((await serving.parts.authorizer(user, attributes)).allowed) return true
  }
  return false
}

const requireRight = async (serving: Serving, request: AdmissionRequest, verb: "approve" | "sign"): Promise<void> => {
  const { signerName } = (request.old as CertificateSigningRequest).spec
  if (await mayAs(serving, request, verb, signerName)) return
  const message = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signerName)}`
  throw forbidden(request.resource, request.name, message)
}

export const certificateApproval: AdmissionPlugin = {
  name: "CertificateApproval",
  validate: (serving, request) => {
    if (request.operation !== "UPDATE" || request.subresource !== "approval" || !isRequest(request)) return
    return requireRight(serving, request, "approve")
  }
}

export const certificateSigning: AdmissionPlugin = {
  name: "CertificateSigning",
  validate: (serving, request) => {
    if (request.operation !== "UPDATE" || request.subresource !== "status" || !isRequest(request)) return
    const { certificate, conditions } = (request.object as CertificateSigningRequest).status ?? {}
    const before = (request.old as CertificateSigningRequest).status ?? {}
    if (certificate === before.certificate && isDeepStrictEqual(conditions ?? [], before.conditions ?? [])) return
    return requireRight(serving, request, "sign")
  }
}

export const certificateSubjectRestriction: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  validate: (_serving, request) => {
    if (request.operation !== "CREATE" || request.subresource !== "" || !isRequest(request)) return
    const { spec } = request.object as CertificateSigningRequest
    if (spec.signerName === clientSigner) return checkOrganizations(spec, request)
  }
}

const checkOrganizations = async (
  spec: CertificateSigningRequest["spec"],
  { resource, name }: AdmissionRequest
): Promise<void> => {
  // What is no request at all is validation's to refuse.
  const organizations = (await organizationsOf(spec.request)) ?? []
  if (!organizations.includes("system:masters")) return
  throw forbidden(resource, name, `use of ${clientSigner} signer with system:masters group is not allowed`)
}
