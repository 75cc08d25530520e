/** Takes the user from a verified client certificate: the common name is the user, the organizations are the groups. @module */
import type { Authenticator } from "../request.ts"

/** Only certificates that the listening socket verified get here at all. */
export const clientCertificate: Authenticator = async (_request, connection) => {
  const certificate = connection?.clientCertificate
  if (certificate === undefined || certificate.commonName === "") return undefined
  const { commonName, organizations, uid } = certificate
  return { name: commonName, groups: organizations, ...(uid === undefined ? {} : { uid }) }
}
