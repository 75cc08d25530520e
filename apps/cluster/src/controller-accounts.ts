/** Under which service account each controller works, as upstream's do with `--use-service-account-credentials`: a role of its own each. @module */
import type { UserInfo } from "@tsukube/apiserver"

/** Accounts that are not called as their controller. */
const accounts: Readonly<Record<string, string>> = {
  "daemonset-controller": "daemon-set-controller",
  "endpoints-controller": "endpoint-controller",
  "endpointslice-mirroring-controller": "endpointslicemirroring-controller",
  "garbage-collector-controller": "generic-garbage-collector",
  "horizontal-pod-autoscaler-controller": "horizontal-pod-autoscaler",
  "node-ipam-controller": "node-controller",
  "node-lifecycle-controller": "node-controller",
  "persistentvolume-attach-detach-controller": "attachdetach-controller",
  "persistentvolume-binder-controller": "persistent-volume-binder",
  "persistentvolume-expander-controller": "expand-controller",
  "persistentvolume-protection-controller": "pv-protection-controller",
  "persistentvolumeclaim-protection-controller": "pvc-protection-controller",
  "pod-garbage-collector-controller": "pod-garbage-collector",
  "replicationcontroller-controller": "replication-controller",
  "root-ca-certificate-publisher-controller": "root-ca-cert-publisher",
  "service-cidr-controller": "service-cidrs-controller",
  "serviceaccount-controller": "service-account-controller",
  // It took over a part of the node controller's work, and has its account.
  "taint-eviction-controller": "node-controller"
}

/** The user that a controller of this name (`--controllers`) is. */
export const accountOf = (controller: string): UserInfo => ({
  name: `system:serviceaccount:kube-system:${accounts[controller] ?? controller}`,
  groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"]
})
