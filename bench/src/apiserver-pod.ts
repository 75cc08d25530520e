/** A pod of the size that clusters hold, as text and as object. @module */

const labels = { app: "web", "pod-template-hash": "5d4f8c7b9", tier: "frontend", team: "shop" }

const spec = (nodeName: string, container = "main"): object => ({
  nodeName,
  restartPolicy: "Always",
  serviceAccountName: "default",
  terminationGracePeriodSeconds: 30,
  dnsPolicy: "ClusterFirst",
  schedulerName: "default-scheduler",
  securityContext: {},
  containers: [
    {
      name: container,
      image: "registry.example.com/shop/web:1.2.3",
      imagePullPolicy: "IfNotPresent",
      ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
      env: Array.from({ length: 6 }, (_, i) => ({ name: `SETTING_${i}`, value: `value-${i}` })),
      resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "1", memory: "256Mi" } },
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File"
    }
  ]
})

const status = {
  phase: "Running",
  hostIP: "10.0.0.1",
  podIP: "10.244.1.2",
  podIPs: [{ ip: "10.244.1.2" }],
  startTime: "2026-11-20T10:00:00Z",
  qosClass: "Burstable",
  conditions: ["Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
    type,
    status: "True",
    lastTransitionTime: "2026-11-20T10:00:00Z"
  }))
}

/** As a client sends it; pods of different workloads differ in their container's name, and so in the fields that somebody owns. */
export const podObject = (name: string, nodeName: string, workload = "main"): object => ({
  kind: "Pod",
  apiVersion: "v1",
  metadata: { name, namespace: "default", labels },
  spec: spec(nodeName, workload)
})

/** As it is stored, about 1.8 KB. */
export const podText = (name: string, nodeName: string): string =>
  JSON.stringify({
    kind: "Pod",
    apiVersion: "v1",
    metadata: {
      name,
      namespace: "default",
      uid: crypto.randomUUID(),
      creationTimestamp: "2026-11-20T10:00:00Z",
      labels,
      ownerReferences: [
        { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-5d4f8c7b9", uid: crypto.randomUUID(), controller: true }
      ]
    },
    spec: spec(nodeName),
    status
  })

/** Pods of a hundred workloads in turn. */
export const workloadOf = (index: number): string => `web-${index % 100}`
