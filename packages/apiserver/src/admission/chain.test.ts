import { expect, test } from "bun:test"
import { pluginNames } from "./chain.ts"

/** Those of upstream's order that are there. */
const upstream = [
  ...["NamespaceLifecycle", "LimitRanger", "ServiceAccount", "TaintNodesByCondition", "Priority", "DefaultTolerationSeconds"],
  ...["DefaultStorageClass", "StorageObjectInUseProtection", "PersistentVolumeClaimResize", "RuntimeClass"],
  ...["CertificateApproval", "CertificateSigning", "CertificateSubjectRestriction", "DefaultIngressClass", "ResourceQuota"]
]

test("the plugins come in upstream's order", () => {
  expect(pluginNames.filter((name) => upstream.includes(name))).toEqual(upstream)
})
