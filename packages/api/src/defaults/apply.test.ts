import { expect, test } from "bun:test"
import { allResources } from "../catalog.ts"
import { apiVersionOf } from "../resource.ts"
import type { Deployment } from "../types/apps-v1.ts"
import type { Pod, Service } from "../types/core-v1.ts"
import { applyDefaults } from "./apply.ts"
import { pullPolicyOf } from "./image.ts"

const pod = (spec: Pod["spec"]): Pod => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, ...(spec && { spec }) })

test("a pod gets what upstream gives it", () => {
  expect(applyDefaults(pod({ containers: [{ name: "a", image: "nginx", ports: [{ containerPort: 80 }] }] }))).toEqual({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "a" },
    spec: {
      containers: [
        {
          name: "a",
          image: "nginx",
          ports: [{ containerPort: 80, protocol: "TCP" }],
          resources: {},
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          imagePullPolicy: "Always"
        }
      ],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      securityContext: {},
      schedulerName: "default-scheduler",
      enableServiceLinks: true
    },
    status: {}
  })
})

test("a pod asks for what it is limited to, a template does not", () => {
  const containers = [{ name: "a", image: "x:1", resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } } }]
  expect(applyDefaults(pod({ containers })).spec?.containers[0]?.resources?.requests).toEqual({ cpu: "500m", memory: "1Gi" })
  const deployment: Deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    spec: { selector: {}, template: { spec: { containers } } }
  }
  expect(applyDefaults(deployment).spec?.template.spec?.containers[0]?.resources?.requests).toEqual({ cpu: "500m" })
})

test("the pull policy follows the tag", () => {
  const cases: ReadonlyArray<readonly [string, string]> = [
    ["nginx", "Always"],
    ["nginx:latest", "Always"],
    ["nginx:1.2", "IfNotPresent"],
    ["registry:5000/nginx", "Always"],
    ["registry:5000/nginx:1", "IfNotPresent"],
    ["nginx@sha256:abc", "IfNotPresent"],
    ["", "IfNotPresent"]
  ]
  for (const [image, policy] of cases) expect([image, pullPolicyOf(image) as string]).toEqual([image, policy])
})

test("probes, volumes and field references", () => {
  const { spec } = applyDefaults(
    pod({
      containers: [
        {
          name: "a",
          image: "x:1",
          livenessProbe: { httpGet: { port: 80 }, periodSeconds: 3, timeoutSeconds: 0 },
          env: [{ name: "X", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }]
        }
      ],
      volumes: [
        { name: "a" },
        { name: "b", configMap: { name: "c" } },
        { name: "d", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
        { name: "e", hostPath: { path: "/x" } }
      ]
    })
  )
  expect(spec?.containers[0]?.livenessProbe).toEqual({
    httpGet: { port: 80, path: "/", scheme: "HTTP" },
    periodSeconds: 3,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3
  })
  expect(spec?.containers[0]?.env?.[0]?.valueFrom?.fieldRef).toEqual({ fieldPath: "metadata.name", apiVersion: "v1" })
  expect(spec?.volumes as unknown).toEqual([
    { name: "a", emptyDir: {} },
    { name: "b", configMap: { name: "c", defaultMode: 420 } },
    {
      name: "d",
      projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: "token", expirationSeconds: 3600 } }] }
    },
    { name: "e", hostPath: { path: "/x", type: "" } }
  ])
})

test("workloads", () => {
  const template = { metadata: { labels: { app: "a" } }, spec: { containers: [{ name: "a", image: "x:1" }] } }
  const deployment = applyDefaults({ apiVersion: "apps/v1", kind: "Deployment", spec: { selector: {}, template } } as Deployment)
  expect(deployment.spec).toMatchObject({
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
    template: { spec: { restartPolicy: "Always" } }
  })
  expect(deployment.spec?.template.spec?.enableServiceLinks).toBeUndefined()
  const recreate = applyDefaults({
    apiVersion: "apps/v1",
    kind: "Deployment",
    spec: { selector: {}, template, strategy: { type: "Recreate" }, replicas: 0 }
  } as Deployment)
  expect([recreate.spec?.strategy, recreate.spec?.replicas]).toEqual([{ type: "Recreate" }, 0])
  const job = applyDefaults({ apiVersion: "batch/v1", kind: "Job", metadata: { name: "j" }, spec: { template } } as object)
  expect(job).toMatchObject({
    metadata: { labels: { app: "a" } },
    spec: { completions: 1, parallelism: 1, backoffLimit: 6, completionMode: "NonIndexed", suspend: false }
  })
  expect(applyDefaults({ apiVersion: "apps/v1", kind: "ReplicaSet", spec: { selector: {}, template } } as object)).toMatchObject({
    status: { replicas: 0 }
  })
})

test("services", () => {
  const service = (spec: Service["spec"]) => applyDefaults<Service>({ apiVersion: "v1", kind: "Service", ...(spec && { spec }) })
  expect(service({ ports: [{ port: 80 }] })).toMatchObject({
    spec: {
      type: "ClusterIP",
      sessionAffinity: "None",
      internalTrafficPolicy: "Cluster",
      ports: [{ port: 80, protocol: "TCP", targetPort: 80 }]
    },
    status: { loadBalancer: {} }
  })
  expect(service({ type: "NodePort", sessionAffinityConfig: { clientIP: {} } }).spec).toEqual({
    type: "NodePort",
    sessionAffinity: "None",
    externalTrafficPolicy: "Cluster",
    internalTrafficPolicy: "Cluster"
  })
  expect(service({ type: "ExternalName", externalName: "a.b" }).spec?.internalTrafficPolicy).toBeUndefined()
})

test("defaulting twice is defaulting once, for every kind", () => {
  for (const resource of allResources) {
    const object = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: { name: "a" } }
    const once = applyDefaults(object)
    expect(applyDefaults(once)).toEqual(once)
  }
  const full = applyDefaults(
    pod({ containers: [{ name: "a", image: "nginx", resources: { limits: { cpu: "1" } } }], volumes: [{ name: "v" }] })
  )
  expect(applyDefaults(full)).toBe(full)
})

test("a secret's plain texts become data", () => {
  const secret = { apiVersion: "v1", kind: "Secret", data: { a: "b2xk", b: "Yg==" }, stringData: { a: "nü" } }
  expect(applyDefaults(secret) as unknown).toEqual({
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    data: { a: Buffer.from("nü").toString("base64"), b: "Yg==" }
  })
})

test("a whole pod asks for what its containers do, or for what it is limited to", () => {
  const resources = { limits: { cpu: "2", memory: "1Gi" } }
  const containers = [
    { name: "a", image: "x:1", resources: { requests: { cpu: "250m" } } },
    { name: "b", image: "x:1", resources: { requests: { cpu: "1" } } }
  ]
  expect(applyDefaults(pod({ resources, containers })).spec?.resources?.requests).toEqual({ cpu: "1250m", memory: "1Gi" })
})

test("an older autoscaler watches the processors", () => {
  const scaler = { apiVersion: "autoscaling/v1", kind: "HorizontalPodAutoscaler", spec: { maxReplicas: 2 } }
  expect(applyDefaults(scaler as object)).toMatchObject({ spec: { minReplicas: 1, targetCPUUtilizationPercentage: 80 } })
})
