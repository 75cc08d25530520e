import { describe, expect, test } from "bun:test"
import type { Container, Pod, Service } from "@tsukube/api/core-v1"
import { environmentOf, expand } from "./environment.ts"

const pod: Pod = {
  metadata: {
    name: "web",
    namespace: "shop",
    uid: "u",
    labels: { app: "web", tier: "front" },
    annotations: { note: 'a "quoted" one' }
  },
  spec: { nodeName: "n1", containers: [] }
}

const variables = (container: Partial<Container>, more: { services?: ReadonlyArray<Service>; pod?: Pod } = {}) =>
  Object.fromEntries(
    environmentOf({
      pod: more.pod ?? pod,
      container: { name: "main", ...container },
      podIps: ["10.0.0.5"],
      hostIps: ["172.30.0.11"],
      allocatable: { cpu: "4", memory: "8Gi" },
      configMaps: new Map([["settings", { data: { mode: "fast", "log.level": "info" } }]]),
      secrets: new Map([["login", { data: { password: Buffer.from("hunter2").toString("base64") } }]]),
      services: more.services ?? []
    }).map(({ name, value }) => [name, value])
  )

describe("expansion", () => {
  const values = new Map([["A", "1"]])
  const cases: ReadonlyArray<readonly [string, string]> = [
    ["$(A)", "1"],
    ["x$(A)y$(A)", "x1y1"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$1"],
    ["$(B)", "$(B)"],
    ["$A", "$A"],
    ["$(A", "$(A"],
    ["100$", "100$"]
  ]
  test.each(cases)("%s becomes %s", (text, expected) => {
    expect(expand(text, values)).toBe(expected)
  })
})

describe("sources", () => {
  test("fields, resources, config maps and secrets", () => {
    const env: Container["env"] = [
      { name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "APP", valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      { name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      { name: "NODE_IP", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
      { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } },
      { name: "MEMORY", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
      { name: "NODE_CPU", valueFrom: { resourceFieldRef: { resource: "requests.cpu", divisor: "1m" } } },
      { name: "MODE", valueFrom: { configMapKeyRef: { name: "settings", key: "mode" } } },
      { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "login", key: "password" } } },
      { name: "URL", value: "http://$(IP)/$(MODE)" }
    ]
    expect(variables({ env, resources: { limits: { cpu: "1500m", memory: "100Mi" } } })).toEqual({
      NAME: "web",
      APP: "web",
      IP: "10.0.0.5",
      NODE_IP: "172.30.0.11",
      CPU: "2",
      MEMORY: "100",
      NODE_CPU: "0",
      MODE: "fast",
      PASSWORD: "hunter2",
      URL: "http://10.0.0.5/fast"
    })
  })
  test("a limit that is not set is the node's allocatable", () => {
    expect(variables({ env: [{ name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu" } } }] })).toEqual({
      CPU: "4"
    })
  })
  test("envFrom with a prefix; later sources and env win", () => {
    const envFrom = [{ prefix: "X_", configMapRef: { name: "settings" } }, { secretRef: { name: "login" } }]
    expect(variables({ envFrom, env: [{ name: "password", value: "mine" }] })).toEqual({
      X_mode: "fast",
      "X_log.level": "info",
      password: "mine"
    })
  })
  test("what is missing is named as upstream names it, unless it is optional", () => {
    const configMapKeyRef = { name: "settings", key: "nope" }
    const get = (valueFrom: NonNullable<Container["env"]>[number]["valueFrom"]) => () =>
      variables({ env: [valueFrom === undefined ? { name: "A" } : { name: "A", valueFrom }] })
    expect(get({ configMapKeyRef })).toThrow("couldn't find key nope in ConfigMap shop/settings")
    expect(get({ configMapKeyRef: { name: "gone", key: "x" } })).toThrow('configmap "gone" not found')
    expect(get({ secretKeyRef: { name: "gone", key: "x" } })).toThrow('secret "gone" not found')
    expect(get({ configMapKeyRef: { ...configMapKeyRef, optional: true } })()).toEqual({})
    expect(() => variables({ envFrom: [{ secretRef: { name: "gone" } }] })).toThrow('secret "gone" not found')
  })
})

describe("services", () => {
  const service = (name: string, namespace: string, clusterIP: string): Service => ({
    metadata: { name, namespace },
    spec: {
      clusterIP,
      ports: [
        { port: 80, name: "http" },
        { port: 443, name: "https", protocol: "TCP" }
      ]
    }
  })
  const services = [
    service("my-db", "shop", "10.96.0.7"),
    service("kubernetes", "default", "10.96.0.1"),
    service("headless", "shop", "None"),
    service("other", "else", "10.96.0.9")
  ]
  test("of the namespace, and the API server's", () => {
    const found = variables({}, { services })
    expect(found).toMatchObject({
      MY_DB_SERVICE_HOST: "10.96.0.7",
      MY_DB_SERVICE_PORT: "80",
      MY_DB_SERVICE_PORT_HTTPS: "443",
      MY_DB_PORT: "tcp://10.96.0.7:80",
      MY_DB_PORT_443_TCP: "tcp://10.96.0.7:443",
      MY_DB_PORT_443_TCP_PROTO: "tcp",
      MY_DB_PORT_443_TCP_PORT: "443",
      MY_DB_PORT_443_TCP_ADDR: "10.96.0.7",
      KUBERNETES_SERVICE_HOST: "10.96.0.1"
    })
    expect(Object.keys(found).some((name) => name.startsWith("OTHER") || name.startsWith("HEADLESS"))).toBe(false)
  })
  test("only the API server's without service links", () => {
    const quiet = { ...pod, spec: { containers: [], enableServiceLinks: false } }
    const found = variables({}, { services, pod: quiet })
    expect(found["KUBERNETES_SERVICE_HOST"]).toBe("10.96.0.1")
    expect(found["MY_DB_SERVICE_HOST"]).toBeUndefined()
  })
})
