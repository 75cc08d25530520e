import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { createNetns, ipBatch, isRoot, type Netns, run, setSysctls, spawn, which } from "@tsukube/host"
import { eventually, live, requireTool } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"
import { forgetFlows, staleFlows } from "../conntrack.ts"
import { emptyState, type ProxyState, proxyState } from "../state.ts"
import { service, slice } from "../testing/objects.ts"
import { iptablesBackend } from "./apply.ts"

const system = requireTool("proxy: iptables in network namespaces", {
  root: isRoot(),
  iproute2: which("ip") !== undefined,
  iptables: which("iptables-restore") !== undefined,
  conntrack: which("conntrack") !== undefined
})

/** Answers every TCP connection and UDP packet with its own name and the client's address. */
const server = `
  const name = process.argv[1]
  require("node:net").createServer((socket) => socket.end(name + " " + socket.remoteAddress)).listen(8080, "0.0.0.0", () => {
    const udp = require("node:dgram").createSocket("udp4")
    udp.on("message", (_, from) => udp.send(name + " " + from.address, from.port, from.address))
    udp.bind(8080, () => console.log("up"))
  })`

/** Connects again and again, and prints the answers as JSON. */
const client = `
  const [protocol, host, port, times] = process.argv.slice(1)
  const tcp = () => new Promise((resolve) => {
    const socket = require("node:net").connect(Number(port), host)
    let text = ""
    socket.setTimeout(1000, () => { socket.destroy(); resolve("timeout") })
    socket.on("data", (chunk) => { text += chunk }).on("end", () => resolve(text)).on("error", (error) => resolve(error.code))
  })
  const answers = []
  if (protocol === "tcp") for (let i = 0; i < Number(times); i++) answers.push(await tcp())
  else {
    const udp = require("node:dgram").createSocket("udp4")
    const udpOnce = () => new Promise((resolve) => {
      const timer = setTimeout(() => resolve("timeout"), 1000)
      udp.once("message", (text) => { clearTimeout(timer); resolve(String(text)) })
      udp.once("error", (error) => { clearTimeout(timer); resolve(error.code) })
      udp.send("?", Number(port), host)
    })
    await new Promise((resolve) => udp.bind(4444, resolve))
    for (let i = 0; i < Number(times); i++) answers.push(await udpOnce())
    udp.close()
  }
  console.log(JSON.stringify(answers))`

describe.skipIf(!system)("in the kernel", () => {
  const id = process.pid.toString(36)
  const scope = Scope.makeUnsafe()
  const inScope = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> => Effect.runPromise(Scope.provide(effect, scope))
  let node: Netns
  const namespaces = new Map<string, Netns>()

  /** A node with three pods on its bridge, and a stranger on a network of its own. */
  const build = Effect.gen(function* () {
    node = yield* createNetns(`tsukube-test-${id}-node`)
    yield* setSysctls({ "net.ipv4.ip_forward": 1, "net.ipv4.conf.all.route_localnet": 1 }, { netns: node.path })
    yield* setSysctls(
      { "net.bridge.bridge-nf-call-iptables": 1 },
      { netns: node.path, optional: ["net.bridge.bridge-nf-call-iptables"] }
    )
    yield* ipBatch(["link add cni0 type bridge", "address add 10.244.1.1/24 dev cni0", "link set cni0 up"], { netns: node.path })
    const peers = { a: "10.244.1.2", b: "10.244.1.3", c: "10.244.1.4", stranger: "203.0.113.5" }
    for (const [name, address] of Object.entries(peers)) {
      const netns = yield* createNetns(`tsukube-test-${id}-${name}`)
      namespaces.set(name, netns)
      yield* run("ip", ["-n", node.name, "link", "add", `v${name}`, "type", "veth", "peer", "name", "eth0", "netns", netns.name])
      yield* ipBatch(
        name === "stranger"
          ? [`address add 203.0.113.1/24 dev v${name}`, `link set v${name} up`]
          : [`link set v${name} master cni0 up`, `link set v${name} type bridge_slave hairpin on`],
        { netns: node.path }
      )
      const gateway = name === "stranger" ? "203.0.113.1" : "10.244.1.1"
      yield* ipBatch([`address add ${address}/24 dev eth0`, "link set eth0 up", `route add default via ${gateway}`], {
        netns: netns.path
      })
      const child = yield* spawn({ command: process.execPath, args: ["-e", server, name], netns: netns.path })
      yield* Effect.promise(() => eventually(() => child.tail().includes("up")))
    }
    // Without a default route a node cannot send to cluster addresses.
    yield* run("ip", ["-n", node.name, "route", "add", "default", "via", "203.0.113.5"])
  })

  const ask = (from: Netns | undefined, protocol: "tcp" | "udp", host: string, port: number, times = 1) =>
    Effect.map(
      run(process.execPath, ["-e", client, protocol, host, String(port), String(times)], { netns: from!.path }),
      ({ stdout }): ReadonlyArray<string> => JSON.parse(stdout)
    )

  const nodeOf = { name: "node-1" }
  const web = service("web", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] })
  const none = service("none", { clusterIP: "10.96.0.11" })
  const sticky = service("sticky", { clusterIP: "10.96.0.12", sessionAffinity: "ClientIP" })
  const dns = service("dns", { clusterIP: "10.96.0.13", ports: [{ port: 53, protocol: "UDP" }] })
  const pods = ["10.244.1.2", "10.244.1.3", "10.244.1.4"]
  const stateWith = (webPods: ReadonlyArray<string>, dnsPods: ReadonlyArray<string>): ProxyState =>
    proxyState(
      [web, none, sticky, dns],
      [slice("web", webPods), slice("sticky", pods), slice("dns", dnsPods, { protocol: "UDP" })],
      nodeOf
    )
  const full = stateWith(pods, ["10.244.1.2"])
  const backend = () => iptablesBackend({ clusterCidr: "10.244.0.0/16", netns: node.path })

  beforeAll(async () => {
    if (!system) return
    await inScope(build)
    await Effect.runPromise(backend().sync(full, undefined))
  }, 30_000)
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

  test(
    "a cluster address is answered by all endpoints, which see the client's pod address",
    live(
      Effect.fnUntraced(function* () {
        const answers = yield* ask(namespaces.get("a"), "tcp", "10.96.0.10", 80, 60)
        // The pod that meets itself is masqueraded (hairpin), others see the client.
        expect([...new Set(answers)].toSorted()).toEqual(["a 10.244.1.1", "b 10.244.1.2", "c 10.244.1.2"])
      })
    )
  )

  test(
    "a node port is answered from outside, from the node and on loopback",
    live(
      Effect.fnUntraced(function* () {
        const outside = yield* ask(namespaces.get("stranger"), "tcp", "203.0.113.1", 30080, 40)
        expect([...new Set(outside)].toSorted()).toEqual(["a 10.244.1.1", "b 10.244.1.1", "c 10.244.1.1"])
        expect((yield* ask(node, "tcp", "203.0.113.1", 30080))[0]).toContain("10.244.1.1")
        expect((yield* ask(node, "tcp", "127.0.0.1", 30080))[0]).toContain("10.244.1.1")
        expect((yield* ask(node, "tcp", "10.96.0.10", 80))[0]).toContain("10.244.1.1")
      })
    )
  )

  test(
    "a Service without endpoints is refused at once",
    live(
      Effect.fnUntraced(function* () {
        expect(yield* ask(namespaces.get("a"), "tcp", "10.96.0.11", 80)).toEqual(["ECONNREFUSED"])
        expect(yield* ask(node, "tcp", "10.96.0.11", 80)).toEqual(["ECONNREFUSED"])
      })
    )
  )

  test(
    "a client with affinity always meets the same endpoint",
    live(
      Effect.fnUntraced(function* () {
        const answers = yield* ask(namespaces.get("a"), "tcp", "10.96.0.12", 80, 20)
        expect(new Set(answers).size).toBe(1)
        expect(answers[0]).toMatch(/^[abc] /)
      })
    )
  )

  test(
    "a UDP client with one source port follows the endpoint",
    live(
      Effect.fnUntraced(function* () {
        const proxy = backend()
        expect(yield* ask(namespaces.get("c"), "udp", "10.96.0.13", 53)).toEqual(["a 10.244.1.4"])
        const moved = stateWith(pods, ["10.244.1.3"])
        const report = yield* proxy.sync(moved, full)
        expect(report).toEqual({ full: false, chainsWritten: 2, chainsDeleted: 1, rulesWritten: 4 })
        // The kernel remembers the old endpoint, until it is told to forget.
        expect(yield* ask(namespaces.get("c"), "udp", "10.96.0.13", 53)).toEqual(["a 10.244.1.4"])
        yield* forgetFlows(staleFlows(full, moved), { netns: node.path })
        expect(yield* ask(namespaces.get("c"), "udp", "10.96.0.13", 53)).toEqual(["b 10.244.1.4"])
        yield* proxy.sync(full, moved)
      })
    )
  )

  test(
    "a full sync repairs what others removed, is repeatable, and forgets what other runs left",
    live(
      Effect.fnUntraced(function* () {
        const proxy = backend()
        const saved = Effect.map(run("iptables-save", [], { netns: node.path }), ({ stdout }) =>
          stdout
            .split("\n")
            .map((line) => line.replace(/ \[\d+:\d+\]$/, ""))
            .filter((line) => /^[:-]/.test(line))
        )
        const before = yield* saved
        expect(yield* proxy.intact).toBe(true)
        yield* run("iptables", ["-t", "nat", "-F"], { netns: node.path })
        expect(yield* proxy.intact).toBe(false)
        yield* run("iptables", ["-t", "nat", "-N", "KUBE-SEP-AAAAAAAAAAAAAAAA"], { netns: node.path })
        expect((yield* proxy.sync(full, undefined)).full).toBe(true)
        expect((yield* saved).toSorted()).toEqual(before.toSorted())
        yield* proxy.sync(full, undefined)
        expect((yield* saved).toSorted()).toEqual(before.toSorted())
        expect(yield* proxy.intact).toBe(true)
      })
    )
  )

  test(
    "rules that the kernel does not take are an error",
    live(
      Effect.fnUntraced(function* () {
        const broken = { ports: [{ ...full.ports[0]!, clusterIp: "10.96.0.0/8" }] }
        const error = yield* Effect.flip(backend().sync(broken, emptyState))
        expect([error._tag, error.message.startsWith("iptables: iptables-restore")]).toEqual(["SyncError", true])
      })
    )
  )

  test(
    "cleanup removes everything of ours and nothing else",
    live(
      Effect.fnUntraced(function* () {
        yield* run("iptables", ["-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "1", "-j", "RETURN"], {
          netns: node.path
        })
        yield* backend().cleanup
        const { stdout } = yield* run("iptables-save", [], { netns: node.path })
        expect(stdout.split("\n").filter((line) => line.includes("KUBE-"))).toEqual([])
        expect(stdout.split("\n").filter((line) => line.startsWith("-A"))).toEqual([
          "-A PREROUTING -p tcp -m tcp --dport 1 -j RETURN"
        ])
        yield* backend().cleanup
      })
    )
  )
})
