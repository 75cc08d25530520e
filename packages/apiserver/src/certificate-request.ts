/** Reads what a certificate request asks to be called. @module */

/** The organizations of a request in base64 of PEM; `undefined` when it is no request. */
export const organizationsOf = async (request: string): Promise<ReadonlyArray<string> | undefined> => {
  // The library looks for its metadata before anything else of it may be loaded.
  await import("reflect-metadata")
  const { Pkcs10CertificateRequest } = await import("@peculiar/x509")
  try {
    return new Pkcs10CertificateRequest(Buffer.from(request, "base64").toString("utf8")).subjectName.getField("O")
  } catch {
    return undefined
  }
}
