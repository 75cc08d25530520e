import { afterAll, describe, expect, test } from "bun:test"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { live, requireTool } from "@tsukube/testing"
import { Effect, Exit, Scope } from "effect"
import { formatNetwork, networksOverlap, parseIpv4, parseNetwork } from "./address.ts"
import { createMountNamespace, isMountPoint, mountPoints } from "./mount.ts"
import { createNetns, ipJson } from "./netns.ts"
import { run } from "./run.ts"
import { createUnderlay } from "./underlay.ts"
import { chooseSubnet, ownerOf, planUnderlay, ruleDeletions, ruleLines } from "./underlay-plan.ts"
import { isRoot, which } from "./which.ts"

const network = (text: string) => parseNetwork(text)!

test("networks are parsed, printed and compared", () => {
  expect(formatNetwork(network("10.244.7.9/16"))).toBe("10.244.0.0/16")
  expect(["1.2.3", "1.2.3.256", "01.2.3.4", ""].map(parseIpv4)).toEqual([undefined, undefined, undefined, undefined])
  expect(["1.2.3.4", "1.2.3.4/33", "1.2.3.4/x"].map(parseNetwork)).toEqual([undefined, undefined, undefined])
  expect(networksOverlap(network("10.0.0.0/8"), network("10.244.0.0/16"))).toBe(true)
  expect(networksOverlap(network("10.0.0.0/24"), network("10.0.1.0/24"))).toBe(false)
})

test("a free subnet is chosen, the same one again for the same owner", () => {
  const owner = ownerOf("/data/one")
  const first = chooseSubnet(owner, [])!
  expect(chooseSubnet(owner, [network("192.168.0.0/16")])).toEqual(first)
  const second = chooseSubnet(owner, [first])!
  expect(networksOverlap(first, second)).toBe(false)
  expect(chooseSubnet(owner, [network("172.16.0.0/12")])).toBeUndefined()
})

test("names fit into the kernel's 15 letters and carry the owner", () => {
  const plan = planUnderlay(ownerOf("/data/one"), network("172.30.7.0/24"), ["node-1", "node-2"], true)
  expect(plan.bridge.length).toBeLessThanOrEqual(15)
  expect(plan.nodes.map((node) => node.address)).toEqual(["172.30.7.11", "172.30.7.12"])
  expect(plan.gateway).toBe("172.30.7.1")
  expect(plan.nodes.every((node) => node.port.length <= 15)).toBe(true)
  expect(ruleLines(plan)).toContain(
    `-A POSTROUTING -s 172.30.7.0/24 ! -o ${plan.owner} -m comment --comment ${plan.owner} -j MASQUERADE`
  )
})

test("only the owner's rules are deleted", () => {
  const saved = [
    "*nat",
    "-A POSTROUTING -j OTHER",
    "-A POSTROUTING -s 172.30.7.0/24 -m comment --comment tsukube-aaaaaa -j MASQUERADE",
    '-A POSTROUTING -m comment --comment "tsukube-aaaaaab" -j MASQUERADE',
    "COMMIT"
  ].join("\n")
  expect(ruleDeletions("tsukube-aaaaaa", saved)).toEqual([
    "*nat",
    "-D POSTROUTING -s 172.30.7.0/24 -m comment --comment tsukube-aaaaaa -j MASQUERADE",
    "COMMIT"
  ])
})

test("mount points with blanks are read", () => {
  expect(mountPoints("36 35 98:0 / /mnt/a\\040b rw shared:1 - ext4 /dev/x rw\n")).toEqual(["/mnt/a b"])
})

const system = requireTool("host: network and mount namespaces", {
  root: isRoot(),
  iproute2: which("ip") !== undefined,
  iptables: which("iptables-save") !== undefined
})

describe.skipIf(!system)("as root", () => {
  const root = mkdtempSync(join(tmpdir(), "tsukube-underlay-"))
  afterAll(() => rmSync(root, { recursive: true }))
  const owner = ownerOf(root)
  const rules = Effect.map(run("iptables-save", []), ({ stdout }) => stdout.split("\n").filter((line) => line.includes(owner)))
  const links = Effect.map(ipJson("ip", ["link"]), (found) => found.map((link) => String(link["ifname"])))

  test(
    "nodes reach one another and the machine, leftovers are replaced, nothing stays",
    live(
      Effect.fnUntraced(function* () {
        const forwardingBefore = readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8")
        const spec = { owner, nodes: ["a", "b"], masquerade: true }
        // A scope that is never closed is what a killed run leaves behind.
        const killed = yield* Scope.make()
        yield* createUnderlay({ ...spec, nodes: ["a", "b", "c"] }).pipe(Scope.provide(killed))
        const scope = yield* Scope.make()
        const underlay = yield* createUnderlay(spec).pipe(Scope.provide(scope))
        const [a, b] = underlay.nodes
        yield* run("ping", ["-c1", "-W2", b!.address], { netns: a!.netns })
        yield* run("ping", ["-c1", "-W2", underlay.gateway], { netns: a!.netns })
        const sysctl = yield* run("sysctl", ["-n", "net.ipv4.ip_forward", "net.ipv4.conf.all.route_localnet"], {
          netns: a!.netns
        })
        expect(sysctl.stdout).toBe("1\n1\n")
        expect((yield* rules).length).toBe(3)
        expect(existsSync(`/run/netns/${owner}-c`)).toBe(false)
        const collision = yield* Effect.flip(createUnderlay({ owner: ownerOf("another"), nodes: [], subnet: underlay.subnet }))
        expect(collision.message).toBe(`${underlay.subnet} overlaps a network that this machine already uses`)
        yield* Scope.close(scope, Exit.void)
        yield* Scope.close(killed, Exit.void)
        expect(yield* rules).toEqual([])
        expect((yield* links).filter((name) => name === owner || name.includes(owner.slice(-6)))).toEqual([])
        expect(existsSync(a!.netns)).toBe(false)
        expect(readFileSync("/proc/sys/net/ipv4/ip_forward", "utf8")).toBe(forwardingBefore)
      })
    )
  )

  test(
    "what a killed run left is adopted only when it is what is asked for",
    live(
      Effect.fnUntraced(function* () {
        const killed = yield* Scope.make()
        const spec = { owner, nodes: ["a", "b"], adopt: true }
        const before = yield* createUnderlay(spec).pipe(Scope.provide(killed))
        const netns = before.nodes[0]!.netns
        yield* run("ip", ["route", "add", "192.0.2.0/24", "via", before.gateway], { netns })
        const marked = Effect.map(run("ip", ["route"], { netns }), ({ stdout }) => stdout.includes("192.0.2.0/24"))
        yield* Effect.scoped(
          Effect.gen(function* () {
            expect(yield* createUnderlay(spec)).toEqual(before)
            expect(yield* marked).toBe(true)
            expect((yield* rules).length).toBe(1)
          })
        )
        yield* createUnderlay(spec).pipe(Scope.provide(killed))
        expect(yield* marked).toBe(false)
        yield* run("ip", ["link", "set", "eth0", "down"], { netns })
        yield* Effect.scoped(createUnderlay(spec))
        yield* Scope.close(killed, Exit.void)
        expect(yield* rules).toEqual([])
      })
    )
  )

  test(
    "a network namespace of the same name is replaced, and gone with its scope",
    live(
      Effect.fnUntraced(function* () {
        const name = `${owner}-x`
        yield* run("ip", ["netns", "add", name])
        yield* Effect.scoped(
          Effect.gen(function* () {
            const netns = yield* createNetns(name)
            expect((yield* ipJson("ip", ["link"], { netns: netns.path })).map((link) => link["operstate"])).toContain("UNKNOWN")
          })
        )
        expect(existsSync(`/run/netns/${name}`)).toBe(false)
      })
    )
  )

  test(
    "a mount namespace keeps its mounts between processes and takes them with it",
    live(
      Effect.fnUntraced(function* () {
        const folder = join(root, "mount")
        const killed = yield* Scope.make()
        yield* createMountNamespace(folder, "n").pipe(Scope.provide(killed))
        yield* Effect.scoped(
          Effect.gen(function* () {
            const { path } = yield* createMountNamespace(folder, "n")
            yield* run("mount", ["-t", "tmpfs", "t", "/mnt"], { mountNs: path })
            yield* run("touch", ["here"], { mountNs: path, cwd: "/mnt" })
            expect((yield* run("ls", ["/mnt"], { mountNs: path })).stdout).toContain("here")
            expect(existsSync("/mnt/here")).toBe(false)
            yield* createMountNamespace(folder, "n", { adopt: true })
            expect((yield* run("ls", ["/mnt"], { mountNs: path })).stdout).toContain("here")
            yield* createMountNamespace(folder, "n")
            expect((yield* run("ls", ["/mnt"], { mountNs: path })).stdout).not.toContain("here")
          })
        )
        expect(isMountPoint(folder)).toBe(false)
      })
    )
  )
})
