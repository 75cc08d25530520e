import { afterAll, expect, test } from "bun:test"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { writeCniConfiguration } from "./cni.ts"
import { hostGwReach } from "./host-gw/host-gw.ts"
import type { Lease } from "./lease.ts"
import { annotations, leaseOf } from "./manager/node.ts"
import { masqueradeText } from "./masquerade.ts"
import { applyPlan, emptyReach, isEmptyPlan, planLines, planReach, type Reach } from "./plan.ts"
import { formatSubnetEnv } from "./subnet-env.ts"
import { macOf } from "./vxlan/device.ts"
import { vxlanReach } from "./vxlan/vxlan.ts"

const root = mkdtempSync(join(tmpdir(), "tsukube-overlay-"))
afterAll(() => rmSync(root, { recursive: true }))

const lease = (number: number, publicIp = `172.30.0.1${number}`): Lease => ({
  node: `node-${number}`,
  subnet: `10.244.${number}.0/24`,
  publicIp,
  backend: "vxlan",
  mac: macOf(`10.244.${number}.0`)
})

test("a hardware address is derived from the subnet", () => {
  expect(macOf("10.244.1.0")).toBe("0a:58:0a:f4:01:00")
})

test("every other node of the same backend is reached", () => {
  const leases = [lease(1), lease(2), { ...lease(3), backend: "host-gw" }]
  expect(vxlanReach(leases, "10.244.1.0/24")).toEqual({
    routes: [{ destination: "10.244.2.0/24", via: "10.244.2.0", onlink: true }],
    neighbours: [{ ip: "10.244.2.0", mac: "0a:58:0a:f4:02:00" }],
    forwards: [{ mac: "0a:58:0a:f4:02:00", destination: "172.30.0.12" }]
  })
  expect(hostGwReach(leases, "10.244.1.0/24").routes).toEqual([
    { destination: "10.244.3.0/24", via: "172.30.0.13", onlink: false }
  ])
})

const asSets = ({ routes, neighbours, forwards }: Reach) =>
  [routes, neighbours, forwards].map((list) => list.map((entry) => JSON.stringify(Object.entries(entry).toSorted())).toSorted())

test("carrying out a plan leads from any knowledge to any other", () => {
  // All subsets of five nodes, one of them at two addresses.
  const nodes = [lease(2), lease(3), lease(4), lease(5), lease(5, "172.30.0.99")]
  const reaches = Array.from({ length: 2 ** nodes.length }, (_, bits) =>
    vxlanReach(
      nodes.filter((_, index) => (bits >> index) & 1),
      "10.244.1.0/24"
    )
  )
  for (const source of reaches)
    for (const target of reaches) {
      const plan = planReach(source, target)
      expect(asSets(applyPlan(source, plan))).toEqual(asSets(target))
      expect(isEmptyPlan(plan)).toBe(JSON.stringify(asSets(source)) === JSON.stringify(asSets(target)))
    }
})

test("steps are in an order that the kernel takes, and replace what only changes", () => {
  const source = vxlanReach([lease(2), lease(3)], "10.244.1.0/24")
  const target = vxlanReach([lease(3, "172.30.0.99"), lease(4)], "10.244.1.0/24")
  expect(planLines(planReach(source, target), "tsukube.1")).toEqual({
    ip: [
      "route delete 10.244.2.0/24 via 10.244.2.0 dev tsukube.1",
      "neighbour replace 10.244.4.0 lladdr 0a:58:0a:f4:04:00 dev tsukube.1 nud permanent"
    ],
    bridge: [
      "fdb delete 0a:58:0a:f4:02:00 dev tsukube.1 dst 172.30.0.12 self",
      "fdb replace 0a:58:0a:f4:03:00 dev tsukube.1 dst 172.30.0.99 self permanent",
      "fdb replace 0a:58:0a:f4:04:00 dev tsukube.1 dst 172.30.0.14 self permanent"
    ],
    ipAfter: ["route replace 10.244.4.0/24 via 10.244.4.0 dev tsukube.1 onlink", "neighbour delete 10.244.2.0 dev tsukube.1"]
  })
  expect(planLines(planReach(emptyReach, emptyReach), "x")).toEqual({ ip: [], bridge: [], ipAfter: [] })
})

test("a Node says where its pods are once all is there, and nothing that a command could be made of", () => {
  const node = (notes: Record<string, string>, podCIDR?: string) =>
    leaseOf({ metadata: { name: "node-2", annotations: notes }, spec: podCIDR === undefined ? {} : { podCIDR } })
  const notes = { [annotations.publicIp]: "172.30.0.12", [annotations.backend]: "vxlan", [annotations.mac]: "0a:58:0a:f4:02:00" }
  expect(node(notes, "10.244.2.0/24")).toEqual(lease(2))
  expect(node(notes)).toBeUndefined()
  expect(node({}, "10.244.2.0/24")).toBeUndefined()
  expect(node({ ...notes, [annotations.publicIp]: "172.30.0.12\nlink delete eth0" }, "10.244.2.0/24")).toBeUndefined()
  expect(node({ ...notes, [annotations.mac]: "x dev eth0" }, "10.244.2.0/24")).toBeUndefined()
})

test("masquerading spares traffic between pods", () => {
  const network = { clusterCidr: "10.244.0.0/16", subnet: "10.244.1.0/24" }
  expect(masqueradeText(network, () => true)).toBe(
    `*nat
:TSUKUBE-POSTROUTING - [0:0]
-A TSUKUBE-POSTROUTING -s 10.244.0.0/16 -d 10.244.0.0/16 -j RETURN
-A TSUKUBE-POSTROUTING -s 10.244.0.0/16 ! -d 224.0.0.0/4 -j MASQUERADE --random-fully
-A TSUKUBE-POSTROUTING ! -s 10.244.0.0/16 -d 10.244.1.0/24 -j RETURN
-A TSUKUBE-POSTROUTING ! -s 10.244.0.0/16 -d 10.244.0.0/16 -j MASQUERADE --random-fully
-A POSTROUTING -m comment --comment "pod traffic leaving the cluster" -j TSUKUBE-POSTROUTING
COMMIT
*filter
:TSUKUBE-FORWARD - [0:0]
-A TSUKUBE-FORWARD -s 10.244.0.0/16 -j ACCEPT
-A TSUKUBE-FORWARD -d 10.244.0.0/16 -j ACCEPT
-A FORWARD -m comment --comment "pod traffic" -j TSUKUBE-FORWARD
COMMIT
`
  )
})

test("the runtime's configuration and subnet.env", () => {
  const folder = mkdtempSync(join(root, "cni-"))
  const path = writeCniConfiguration(join(folder, "net.d"), { subnet: "10.244.1.0/24", mtu: 1450, dataDir: "/data/cni" })
  expect(existsSync(path)).toBe(true)
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual({
    cniVersion: "0.4.0",
    name: "podnet",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        mtu: 1450,
        ipam: {
          type: "host-local",
          dataDir: "/data/cni",
          ranges: [[{ subnet: "10.244.1.0/24" }]],
          routes: [{ dst: "0.0.0.0/0" }]
        }
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true }
    ]
  })
  expect(formatSubnetEnv({ clusterCidr: "10.244.0.0/16", subnet: "10.244.1.0/24", mtu: 1450, masquerade: true })).toBe(
    "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n"
  )
})
