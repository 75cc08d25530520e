import { describe, expect, test } from "bun:test"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type ProxyState, proxyState } from "../state.ts"
import { node, states } from "../testing/clusters.ts"
import { service, slice } from "../testing/objects.ts"
import { chainName } from "./names.ts"
import {
  applyRules,
  diffRules,
  emptyRuleSet,
  isEmptyChange,
  type RuleSet,
  replaceRules,
  restoreText,
  tables
} from "./rule-set.ts"
import { proxyRules, type RuleOptions } from "./rules.ts"
import { missingJumps, parseSaved, removal } from "./saved.ts"
import { type Machine, type Outcome, type Packet, parseRule, walk } from "./walk.ts"

const options: RuleOptions = { clusterCidr: "10.244.0.0/16" }

describe("golden files", () => {
  const folder = join(import.meta.dirname, "..", "..", "golden", "iptables")
  for (const [name, state] of Object.entries(states)) {
    test(name, () => {
      const path = join(folder, `${name}.txt`)
      const text = restoreText(diffRules(emptyRuleSet, proxyRules(state, options)))
      // Run with UPDATE_GOLDEN=1 after a deliberate change, and read the difference.
      if (process.env["UPDATE_GOLDEN"] === "1") {
        mkdirSync(folder, { recursive: true })
        writeFileSync(path, text)
      }
      expect(existsSync(path)).toBe(true)
      expect(text).toBe(readFileSync(path, "utf8"))
    })
  }
})

test("chains are named as upstream names them", () => {
  // The well-known chains of the kubernetes Service and of cluster DNS on every kube-proxy node.
  expect(chainName("KUBE-SVC", "default/kubernetes:https", "TCP")).toBe("KUBE-SVC-NPX46M4PTMTKRN6Y")
  expect(chainName("KUBE-SVC", "kube-system/kube-dns:dns", "UDP")).toBe("KUBE-SVC-TCOU7JCQXEZGVUNU")
  expect(chainName("KUBE-SVC", "kube-system/kube-dns:dns-tcp", "TCP")).toBe("KUBE-SVC-ERIFXISQEP7F7OF4")
})

describe("walks", () => {
  const machineOf = (state: ProxyState, more: Partial<Machine> & { rules?: RuleSet } = {}, ruleOptions = options): Machine => ({
    rules: proxyRules(state, ruleOptions),
    addresses: ["172.30.0.11", "10.244.1.1"],
    ...more
  })
  const pod = "10.244.1.9"
  const stranger = "203.0.113.5"
  const packet = (source: string, destination: string, port = 80): Packet => ({ source, destination, port, protocol: "tcp" })
  const brief = ({ verdict, destination, port, masqueraded }: Outcome): string =>
    `${verdict} ${destination}:${port}${masqueraded ? " masqueraded" : ""}`

  test("every endpoint gets its share of a cluster address's traffic", () => {
    const seen = new Map<string, number>()
    // A small generator, so that the test is the same every time.
    let seed = 1
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed / 2_147_483_647
    }
    const machine = machineOf(states["cluster-ip"]!, { random })
    for (let index = 0; index < 3000; index++) {
      const { destination } = walk(machine, packet(pod, "10.96.0.10"))
      seen.set(destination, (seen.get(destination) ?? 0) + 1)
    }
    expect([...seen.keys()].toSorted()).toEqual(["10.244.1.2", "10.244.2.3", "10.244.2.4"])
    for (const count of seen.values()) expect(count).toBeGreaterThan(800)
  })

  test("pods are not masqueraded, others are, and a pod that meets itself is", () => {
    const machine = machineOf(states["cluster-ip"]!, { random: () => 0 })
    expect(brief(walk(machine, packet(pod, "10.96.0.10")))).toBe("accepted 10.244.1.2:8080")
    expect(brief(walk(machine, packet("172.30.0.11", "10.96.0.10")))).toBe("accepted 10.244.1.2:8080 masqueraded")
    expect(brief(walk(machine, packet(stranger, "10.96.0.10")))).toBe("accepted 10.244.1.2:8080 masqueraded")
    expect(brief(walk(machine, packet("10.244.1.2", "10.96.0.10")))).toBe("accepted 10.244.1.2:8080 masqueraded")
    const all = machineOf(states["cluster-ip"]!, { random: () => 0 }, { masqueradeAll: true })
    expect(brief(walk(all, packet(pod, "10.96.0.10")))).toBe("accepted 10.244.1.2:8080 masqueraded")
  })

  test("a Service without endpoints refuses, other traffic passes untouched", () => {
    const machine = machineOf(states["cluster-ip"]!)
    expect(walk(machine, packet(pod, "10.96.0.11")).verdict).toBe("rejected")
    expect(walk(machine, packet("172.30.0.11", "10.96.0.11")).verdict).toBe("rejected")
    expect(brief(walk(machine, packet(pod, "10.96.0.11", 81)))).toBe("accepted 10.96.0.11:81")
    expect(brief(walk(machine, packet(pod, stranger, 443)))).toBe("accepted 203.0.113.5:443")
  })

  test("node ports answer on every address of the node, external addresses anywhere", () => {
    const machine = machineOf(states["node-port"]!, { random: () => 0 })
    for (const address of ["172.30.0.11", "10.244.1.1"])
      expect(brief(walk(machine, packet(stranger, address, 30080)))).toBe("accepted 10.244.1.2:8080 masqueraded")
    expect(brief(walk(machine, packet("127.0.0.1", "127.0.0.1", 30080)))).toBe("accepted 10.244.1.2:8080 masqueraded")
    expect(brief(walk(machine, packet(stranger, "192.0.2.9")))).toBe("accepted 10.244.1.2:8080 masqueraded")
    expect(brief(walk(machine, packet(stranger, "172.30.0.12", 30080)))).toBe("accepted 172.30.0.12:30080")
    const limited = machineOf(
      states["node-port"]!,
      {},
      { ...options, nodePortAddresses: ["172.30.0.0/24"], localhostNodePorts: false }
    )
    expect(brief(walk(limited, packet(stranger, "10.244.1.1", 30080)))).toBe("accepted 10.244.1.1:30080")
    expect(brief(walk(limited, packet("127.0.0.1", "127.0.0.1", 30080)))).toBe("accepted 127.0.0.1:30080")
  })

  test("loopback is not open to neighbours", () => {
    expect(walk(machineOf(states["empty"]!), packet("172.30.0.12", "127.0.0.1", 10248)).verdict).toBe("dropped")
    expect(walk(machineOf(states["empty"]!), packet("127.0.0.1", "127.0.0.1", 10248)).verdict).toBe("accepted")
  })

  test("a client with affinity comes back to the same endpoint", () => {
    let next = 0
    const machine = machineOf(states["affinity"]!, { recent: new Map(), random: () => (next++ % 2 === 0 ? 0.9 : 0.1) })
    const first = walk(machine, packet(pod, "10.96.0.10")).destination
    for (let index = 0; index < 10; index++) expect(walk(machine, packet(pod, "10.96.0.10")).destination).toBe(first)
    expect(walk(machine, packet("10.244.1.8", "10.96.0.10")).destination).not.toBe(first)
  })

  test("a load balancer address takes only its source ranges; the node port takes all", () => {
    const machine = machineOf(states["load-balancer"]!)
    expect(brief(walk(machine, packet("203.0.113.5", "192.0.2.1")))).toBe("accepted 10.244.1.2:8080 masqueraded")
    expect(walk(machine, packet("198.51.100.1", "192.0.2.1")).verdict).toBe("dropped")
    expect(brief(walk(machine, packet("198.51.100.1", "172.30.0.11", 30080)))).toBe("accepted 10.244.1.2:8080 masqueraded")
  })

  test("externalTrafficPolicy Local keeps the client's address and this node; pods and the node may go anywhere", () => {
    const machine = machineOf(states["external-local"]!, { random: () => 0.99 })
    expect(brief(walk(machine, packet(stranger, "172.30.0.11", 30080)))).toBe("accepted 10.244.1.2:8080")
    expect(brief(walk(machine, packet(pod, "172.30.0.11", 30080)))).toBe("accepted 10.244.2.3:8080")
    expect(brief(walk(machine, packet("172.30.0.11", "172.30.0.11", 30080)))).toBe("accepted 10.244.2.3:8080 masqueraded")
    expect(walk(machine, packet(stranger, "172.30.0.11", 30081)).verdict).toBe("dropped")
    expect(brief(walk(machine, packet(pod, "172.30.0.11", 30081)))).toBe("accepted 10.244.2.3:8080")
    expect(brief(walk(machine, packet(pod, "10.96.0.12")))).toBe("accepted 10.244.2.3:8080")
  })

  test("internalTrafficPolicy Local drops where there is no endpoint on the node", () => {
    const machine = machineOf(states["internal-local"]!)
    expect(brief(walk(machine, packet(pod, "10.96.0.10")))).toBe("accepted 10.244.1.2:8080")
    expect(walk(machine, packet(pod, "10.96.0.12")).verdict).toBe("dropped")
  })

  test("packets that conntrack cannot place are not forwarded", () => {
    expect(walk(machineOf(states["empty"]!), { ...packet(pod, stranger), state: "INVALID" }).verdict).toBe("dropped")
  })
})

describe("whatever the cluster looks like", () => {
  // A small generator, so that a failure is the same every time.
  let seed = 7
  const below = (limit: number): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % limit
  }
  const maybe = <A>(value: A): Record<string, never> | A => (below(2) === 0 ? {} : value)
  const randomState = (): ProxyState => {
    const names = ["a", "b", "c"].filter(() => below(4) > 0)
    const services = names.map((name, index) =>
      service(
        name,
        {
          type: (["ClusterIP", "NodePort", "LoadBalancer"] as const)[below(3)]!,
          clusterIP: `10.96.0.${index + 1}`,
          ports: [{ port: 80, protocol: (["TCP", "UDP"] as const)[below(2)]!, nodePort: 30_000 + index }],
          ...maybe({ sessionAffinity: "ClientIP" as const }),
          ...maybe({ externalTrafficPolicy: "Local" as const, healthCheckNodePort: 31_000 + index }),
          ...maybe({ internalTrafficPolicy: "Local" as const }),
          ...maybe({ externalIPs: ["192.0.2.9"] }),
          ...maybe({ loadBalancerSourceRanges: ["203.0.113.0/24"] })
        },
        { loadBalancer: { ingress: [{ ip: `192.0.2.${index + 1}` }] } }
      )
    )
    const slices = services.map((one, index) =>
      slice(
        one.metadata!.name!,
        Array.from({ length: below(4) }, (_, number) => {
          const ready = below(3) > 0
          const conditions = { ready, serving: ready || below(2) > 0, terminating: !ready }
          return [`10.244.${index}.${number + 2}`, { conditions, ...maybe({ nodeName: "node-1" }) }] as const
        }),
        { protocol: one.spec!.ports![0]!.protocol! }
      )
    )
    return proxyState(services, slices, node)
  }
  const sample = Array.from({ length: 300 }, randomState)

  test("every jump leads to a chain that has rules, and every hashed chain is reached", () => {
    for (const state of sample) {
      const rules = proxyRules(state, options)
      for (const table of tables) {
        const targets = new Set([...rules[table].values()].flat().map((rule) => parseRule(rule).target))
        for (const target of targets) if (target.startsWith("KUBE-")) expect(rules[table].has(target)).toBe(true)
        for (const [chain, lines] of rules[table]) {
          if (!/-[A-Z2-7]{16}$/.test(chain)) continue
          expect(lines.length).toBeGreaterThan(0)
          expect(targets.has(chain)).toBe(true)
        }
      }
    }
  })

  test("a cluster address is sent to a usable endpoint, refused or dropped, but never goes astray", () => {
    for (const state of sample)
      for (const port of state.ports) {
        const usable = port.internalLocal ? port.localEndpoints : port.clusterEndpoints
        const outcome = walk(
          { rules: proxyRules(state, options), addresses: ["172.30.0.11"] },
          { source: "10.244.9.9", destination: port.clusterIp, port: 80, protocol: port.protocol === "UDP" ? "udp" : "tcp" }
        )
        if (usable.length > 0) expect(usable.map((endpoint) => endpoint.key)).toContain(`${outcome.destination}:${outcome.port}`)
        else expect(outcome.verdict).toBe(port.hasEndpoints ? "dropped" : "rejected")
      }
  })
})

describe("differences", () => {
  const all = Object.values(states).map((state) => proxyRules(state, options))
  const asObject = (rules: RuleSet) => tables.map((table) => Object.fromEntries([...rules[table]].toSorted()))

  test("applying the difference of two rule sets to the first gives the second", () => {
    for (const source of [emptyRuleSet, ...all])
      for (const target of [emptyRuleSet, ...all])
        expect(asObject(applyRules(source, diffRules(source, target)))).toEqual(asObject(target))
  })

  test("a rule set differs from itself by nothing", () => {
    for (const rules of all) expect(isEmptyChange(diffRules(rules, rules))).toBe(true)
    expect(restoreText(diffRules(all[0]!, all[0]!))).toBe("")
  })

  test("one changed endpoint rewrites the chains of one Service", () => {
    const many = Array.from({ length: 50 }, (_, index) => service(`s${index}`, { clusterIP: `10.96.1.${index}` }))
    const slices = many.map((one, index) => slice(one.metadata!.name!, [`10.244.1.${index}`]))
    const before = proxyRules(proxyState(many, slices, node), options)
    const after = proxyRules(proxyState(many, [slice("s0", ["10.244.2.2"]), ...slices.slice(1)], node), options)
    const change = diffRules(before, after)
    expect([change.written.filter.size, change.written.nat.size, change.deleted.nat.length]).toEqual([0, 2, 1])
    expect(restoreText(change)).toContain(`-X ${chainName("KUBE-SEP", "default/s0", "TCP", "10.244.1.0:8080")}`)
  })

  test("what other runs left is read from iptables-save, and only that is removed", () => {
    const saved = parseSaved(
      [
        "*nat",
        ":PREROUTING ACCEPT [0:0]",
        ":KUBE-SERVICES - [0:0]",
        ":KUBE-SEP-AAAAAAAAAAAAAAAA - [0:0]",
        ":KUBE-ROUTER - [0:0]",
        '-A PREROUTING -m comment --comment "service ports" -j KUBE-SERVICES',
        "-A PREROUTING -j KUBE-ROUTER",
        "COMMIT"
      ].join("\n")
    )
    expect(saved.ownChains).toEqual({ filter: [], nat: ["KUBE-SERVICES", "KUBE-SEP-AAAAAAAAAAAAAAAA"] })
    expect(missingJumps(saved).nat.join("\n")).not.toContain("PREROUTING")
    expect(missingJumps(saved).nat).toHaveLength(2)
    expect(replaceRules(saved.ownChains, all[0]!).deleted.nat).toEqual(["KUBE-SEP-AAAAAAAAAAAAAAAA"])
    const { change, extra } = removal(saved)
    expect(restoreText(change, extra)).toBe(
      "*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-SEP-AAAAAAAAAAAAAAAA - [0:0]\n" +
        '-D PREROUTING -m comment --comment "service ports" -j KUBE-SERVICES\n-X KUBE-SERVICES\n-X KUBE-SEP-AAAAAAAAAAAAAAAA\nCOMMIT\n'
    )
  })
})
