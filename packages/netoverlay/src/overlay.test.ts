import { describe, expect, test } from "bun:test"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  createNetns,
  createUnderlay,
  ipBatch,
  ipJson,
  isRoot,
  ownerOf,
  run,
  spawn,
  type UnderlayNode,
  which
} from "@tsukube/host"
import { makeMemory } from "@tsukube/store"
import { eventually, live, requireTool } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"
import type { OverlayBackend } from "./backend.ts"
import { hostGwBackend } from "./host-gw/host-gw.ts"

import { storeLeases } from "./manager/store.ts"
import { rulesAreIntact } from "./masquerade.ts"
import { type Overlay, runOverlay } from "./overlay.ts"
import { vxlanBackend } from "./vxlan/vxlan.ts"

const system = requireTool("netoverlay: VXLAN between network namespaces", {
  root: isRoot(),
  iproute2: which("ip") !== undefined && which("bridge") !== undefined,
  iptables: which("iptables-restore") !== undefined,
  ping: which("ping") !== undefined
})

const clusterCidr = "10.244.0.0/16"

/** A node with its overlay, in a scope of its own, and a pod's address. */
const startNode = (node: UnderlayNode, store: ReturnType<typeof makeMemory>, backend: OverlayBackend, confDir: string) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const leases = yield* storeLeases({ store, nodeName: node.name, network: clusterCidr }).pipe(Scope.provide(scope))
    const overlay: Overlay = yield* runOverlay({
      leases,
      backend,
      clusterCidr,
      netns: node.netns,
      repairMs: 200,
      cni: { confDir: join(confDir, node.name), dataDir: join(confDir, "data") }
    }).pipe(Scope.provide(scope))
    yield* overlay.ready
    const { subnet } = overlay.current()!.network
    // What the CNI plugins make for the first pod: a bridge with the first address of the subnet.
    const gateway = subnet.replace(".0/24", ".1")
    yield* ipBatch(["link add cni0 type bridge", `address add ${gateway}/24 dev cni0`, "link set cni0 up"], { netns: node.netns })
    return { node, scope, overlay, subnet, gateway, place: { netns: node.netns } }
  })

/** Answers every connection with the address that it comes from. */
const server = `require("node:net").createServer((socket) => socket.end(socket.remoteAddress))
  .listen(8080, "0.0.0.0", () => console.log("up"))`
/** Prints what a server answers. */
const client = `require("node:net").connect(8080, process.argv[1]).on("data", (text) => console.log(String(text)))`

/** Plugs a namespace into a node's bridge, as the runtime does for a pod. */
const startPod = (
  name: string,
  node: { readonly subnet: string; readonly gateway: string; readonly place: { readonly netns: string } }
) =>
  Effect.gen(function* () {
    const pod = yield* createNetns(name)
    const address = node.subnet.replace(".0/24", ".2")
    yield* ipBatch([`link add vpod type veth peer name eth0 netns ${name}`, "link set vpod master cni0 up"], node.place)
    yield* ipBatch([`address add ${address}/24 dev eth0`, "link set eth0 up", `route add default via ${node.gateway}`], {
      netns: pod.path
    })
    return { address, netns: pod.path }
  })

const snapshot = (place: { readonly netns: string }) =>
  Effect.gen(function* () {
    const rules = yield* run("iptables-save", [], place)
    const routes = yield* ipJson("ip", ["-4", "route"], place)
    const links = yield* ipJson("ip", ["link"], place)
    return {
      rules: rules.stdout.split("\n").filter((line) => line.includes("TSUKUBE")),
      pods: routes.filter((route) => String(route["dst"]).startsWith("10.244.") && route["dev"] !== "cni0"),
      links: links.map((link) => String(link["ifname"])).filter((name) => name.startsWith("tsukube."))
    }
  })

const backends: Readonly<Record<string, (node: UnderlayNode) => OverlayBackend>> = {
  vxlan: (node) => vxlanBackend({ netns: node.netns }),
  "host-gw": (node) => hostGwBackend({ netns: node.netns })
}

describe.skipIf(!system)("in the kernel", () => {
  for (const [name, backendOf] of Object.entries(backends))
    test(
      `${name}: pods reach pods of other nodes, nodes come and go, nothing stays`,
      live(
        Effect.fnUntraced(function* () {
          const folder = mkdtempSync(join(tmpdir(), "tsukube-overlay-"))
          yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
          const underlay = yield* createUnderlay({ owner: ownerOf(folder), nodes: ["a", "b", "c"] })
          const store = makeMemory()
          const [a, b, c] = yield* Effect.forEach(underlay.nodes, (node) => startNode(node, store, backendOf(node), folder), {
            concurrency: "unbounded"
          })
          const knows = (from: Overlay, count: number) => Effect.promise(() => eventually(() => from.reached().length === count))
          for (const { overlay } of [a!, b!, c!]) yield* knows(overlay, 3)

          const ping = (from: typeof a, to: typeof a, ...more: ReadonlyArray<string>) =>
            run("ping", ["-c1", "-W2", "-I", from!.gateway, ...more, to!.gateway], from!.place)
          for (const from of [a, b, c]) for (const to of [a, b, c]) if (from !== to) yield* ping(from, to)
          // The longest packet that needs no fragments, and not one byte more.
          const { mtu } = a!.overlay.current()!.device
          expect(mtu).toBe(name === "vxlan" ? 1450 : 1500)
          yield* ping(a, b, "-M", "do", "-s", String(mtu - 28))
          expect((yield* Effect.flip(ping(a, b, "-M", "do", "-s", String(mtu - 27)))).exitCode).toBe(1)
          expect(existsSync(join(folder, "a", "10-tsukube.conflist"))).toBe(true)

          // Pods see one another's own addresses; the world sees the node's.
          const [podOfA, podOfB] = [
            yield* startPod(`${underlay.owner}-pod-a`, a!),
            yield* startPod(`${underlay.owner}-pod-b`, b!)
          ]
          const serve = (netns?: string) =>
            Effect.gen(function* () {
              const child = yield* spawn({
                command: process.execPath,
                args: ["-e", server],
                ...(netns === undefined ? {} : { netns })
              })
              yield* Effect.promise(() => eventually(() => child.tail().includes("up")))
            })
          const ask = (address: string) => run(process.execPath, ["-e", client, address], { netns: podOfA.netns })
          yield* serve(podOfB.netns)
          expect((yield* ask(podOfB.address)).stdout.trim()).toBe(podOfA.address)
          const world = yield* createNetns(`${underlay.owner}-world`)
          yield* ipBatch([
            `link add wld type veth peer name eth0 netns ${world.name}`,
            `link set wld master ${underlay.bridge} up`
          ])
          const worldAddress = underlay.gateway.replace(/\.1$/, ".250")
          yield* ipBatch([`address add ${worldAddress}/24 dev eth0`, "link set eth0 up"], { netns: world.path })
          yield* serve(world.path)
          expect((yield* ask(worldAddress)).stdout.trim()).toBe(a!.node.address)

          expect(yield* rulesAreIntact({ clusterCidr, subnet: a!.subnet }, a!.place)).toBe(true)

          // Somebody removes what we wrote: the next look puts it back.
          yield* run("ip", ["route", "delete", b!.subnet], a!.place)
          if (name === "vxlan") yield* run("ip", ["link", "delete", "tsukube.1"], b!.place)
          yield* run("iptables", ["-t", "nat", "-F", "POSTROUTING"], b!.place)
          yield* Effect.promise(() => eventually(() => Effect.runPromise(ping(a, b)).then(() => true)))
          yield* Effect.promise(() =>
            eventually(
              async () => (await Effect.runPromise(snapshot(b!.place))).rules.filter((line) => line.startsWith("-A")).length === 8
            )
          )

          // A node leaves the cluster: its lease goes, and with it the way there.
          yield* Scope.close(c!.scope, Exit.void)
          expect(yield* snapshot(c!.place)).toEqual({ rules: [], pods: [], links: [] })
          yield* store.commit([{ key: `/netoverlay/leases/${c!.subnet.replace("/", "-")}`, value: undefined }])
          yield* knows(a!.overlay, 2)
          expect((yield* snapshot(a!.place)).pods.map((route) => route["dst"])).toEqual([b!.subnet])
          if (name === "vxlan") {
            const forwards = yield* ipJson("bridge", ["fdb", "show", "dev", "tsukube.1"], a!.place)
            expect(forwards.map((entry) => entry["dst"]).filter(Boolean)).toEqual([b!.node.address])
            expect(yield* ipJson("ip", ["neighbour", "show", "dev", "tsukube.1", "nud", "permanent"], a!.place)).toHaveLength(1)
          }
          yield* ping(b, a)
          for (const { scope, place } of [a!, b!]) {
            yield* Scope.close(scope, Exit.void)
            expect(yield* snapshot(place)).toEqual({ rules: [], pods: [], links: [] })
          }
        })
      ),
      60_000
    )
})
