import { expect, test } from "bun:test"
import type { Pod } from "@tsukube/api/core-v1"
import { dnsOf, hostnameOf, hostsFileOf, parseResolvConf } from "./network-files.ts"

const host = parseResolvConf("# ours\nnameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch example.com corp\noptions timeout:1\n")
const cluster = { servers: ["10.96.0.10"], domain: "cluster.local" }
const podWith = (spec: Partial<NonNullable<Pod["spec"]>>): Pod => ({
  metadata: { name: "web-0", namespace: "shop" },
  spec: { containers: [], ...spec }
})

test("resolv.conf is read", () => {
  expect(host).toEqual({ servers: ["192.0.2.1", "192.0.2.2"], searches: ["example.com", "corp"], options: ["timeout:1"] })
})

test("ClusterFirst asks the cluster, with the node's searches last", () => {
  expect(dnsOf(podWith({}), host, cluster)).toEqual({
    servers: ["10.96.0.10"],
    searches: ["shop.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.com", "corp"],
    options: ["ndots:5"]
  })
})

test("the node's network, Default, and no cluster DNS ask whom the node asks", () => {
  for (const found of [
    dnsOf(podWith({ hostNetwork: true }), host, cluster),
    dnsOf(podWith({ dnsPolicy: "Default" }), host, cluster),
    dnsOf(podWith({}), host, undefined)
  ])
    expect(found).toEqual(host)
})

test("None is what the pod says and nothing else; dnsConfig adds and replaces", () => {
  const dnsConfig = { nameservers: ["1.1.1.1"], searches: ["a.b"], options: [{ name: "ndots", value: "2" }, { name: "edns0" }] }
  expect(dnsOf(podWith({ dnsPolicy: "None", dnsConfig }), host, cluster)).toEqual({
    servers: ["1.1.1.1"],
    searches: ["a.b"],
    options: ["ndots:2", "edns0"]
  })
  expect(dnsOf(podWith({ dnsConfig }), host, cluster).options).toEqual(["ndots:2", "edns0"])
})

test("a pod is called as it asks, or by its name, cut to what fits", () => {
  expect(hostnameOf(podWith({ hostname: "db", subdomain: "dbs" }), "cluster.local", "n1")).toEqual({
    hostname: "db",
    domainName: "dbs.shop.svc.cluster.local"
  })
  const long = { ...podWith({}), metadata: { name: `${"a".repeat(62)}.b`, namespace: "shop" } }
  expect(hostnameOf(long, "cluster.local", "n1").hostname).toBe("a".repeat(62))
  expect(hostnameOf(podWith({ hostNetwork: true }), "cluster.local", "n1").hostname).toBe("n1")
})

test("/etc/hosts has the pod's address under its names, and the aliases", () => {
  const pod = podWith({ hostAliases: [{ ip: "192.0.2.9", hostnames: ["a", "b"] }] })
  const text = hostsFileOf(pod, ["10.0.0.5"], "db", "dbs.shop.svc.cluster.local", "")
  expect(text).toContain("127.0.0.1\tlocalhost\n")
  expect(text).toContain("\n10.0.0.5\tdb.dbs.shop.svc.cluster.local\tdb\n")
  expect(text).toContain("\n192.0.2.9\ta\tb\n")
})
