/** Where nodes stand and which pods are there: interned topology values, and counts of pods kept up to date by single changes. @module */
import type { NodeState } from "./node-state.ts"
import type { PodInfo } from "./pod-info.ts"

/** The value of one label on every node, as small numbers. */
export class Column {
  readonly key: string
  /** By index of the node; -1 where it has no such label. */
  valueOf: Int32Array = new Int32Array(64).fill(-1)
  readonly #ids = new Map<string, number>()

  constructor(key: string) {
    this.key = key
  }

  /** How many values there are. */
  get size(): number {
    return this.#ids.size
  }

  /** Takes over a node's label. */
  set(index: number, value: string | undefined): void {
    if (index >= this.valueOf.length) {
      const grown = new Int32Array(Math.max(index + 1, this.valueOf.length * 2)).fill(-1)
      grown.set(this.valueOf)
      this.valueOf = grown
    }
    let id = value === undefined ? -1 : this.#ids.get(value)
    if (id === undefined && value !== undefined) {
      id = this.#ids.size
      this.#ids.set(value, id)
    }
    this.valueOf[index] = id ?? -1
  }
}

/** A namespace with labels, as affinity terms and selectors see a pod. Pods of one template share it. */
export interface Identity {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
}

interface Known extends Identity {
  generation: number
  tested: number
  readonly matching: Array<Tally>
  testedCarriers: number
  readonly against: Array<Carrier>
}

/** What a tally counts. */
export interface TallySpec {
  readonly topologyKey: string
  readonly matches: (pod: Identity) => boolean
  /** Pods that are being deleted count too. */
  readonly countsTerminating: boolean
  /** The nodes that count; all of them when absent. Depends on labels and taints only. */
  readonly counts?: (node: NodeState) => boolean
}

/** Pods that match, by value of a topology key. */
export class Tally {
  readonly column: Column
  readonly spec: TallySpec
  /** Matching pods by value. */
  pods: Int32Array = new Int32Array(8)
  /** Nodes that count, by value. */
  nodes: Int32Array = new Int32Array(8)
  /** The sum of `pods`. */
  total = 0
  /** The shape of the cluster for which it was made. */
  shape = -1
  #eligible: Uint8Array = new Uint8Array(0)

  constructor(column: Column, spec: TallySpec) {
    this.column = column
    this.spec = spec
  }

  /** Counts anew. */
  rebuild(nodes: Iterable<NodeState>, capacity: number, matches: (pod: PodInfo) => boolean): void {
    this.pods = new Int32Array(Math.max(8, this.column.size))
    this.nodes = new Int32Array(this.pods.length)
    this.#eligible = new Uint8Array(capacity)
    this.total = 0
    const { counts } = this.spec
    for (const node of nodes) {
      const value = this.column.valueOf[node.index]!
      if (value < 0 || (counts !== undefined && !counts(node))) continue
      this.#eligible[node.index] = 1
      this.nodes[value]!++
      for (const pod of node.pods.values()) if (matches(pod)) this.add(node.index, pod, 1)
    }
  }

  /** A matching pod came to a node, or left it. */
  add(index: number, { isTerminating }: PodInfo, sign: number): void {
    if (this.#eligible[index] !== 1 || (isTerminating && !this.spec.countsTerminating)) return
    this.pods[this.column.valueOf[index]!]! += sign
    this.total += sign
  }

  /** The fewest matching pods of any value that has a node, and how many such values there are. */
  least(): { readonly least: number; readonly domains: number } {
    let least = Number.POSITIVE_INFINITY
    let domains = 0
    const { pods, nodes } = this
    for (let value = 0; value < nodes.length; value++) {
      if (nodes[value] === 0) continue
      domains++
      if (pods[value]! < least) least = pods[value]!
    }
    return { least: domains === 0 ? 0 : least, domains }
  }
}

/** A wish about other pods that pods on nodes carry; equal wishes are one. */
export interface CarriedTerm {
  readonly signature: string
  readonly topologyKey: string
  readonly matches: (pod: Identity) => boolean
  /** Required anti-affinity refuses pods; the others give them points. */
  readonly kind: "far" | "near" | "prefer"
  /** What a preference weighs; negative for anti-affinity. */
  readonly points: number
}

/** How many pods carry a term, by value of its topology key. */
export class Carrier {
  readonly term: CarriedTerm
  readonly column: Column
  pods: Int32Array = new Int32Array(8)
  total = 0

  constructor(term: CarriedTerm, column: Column) {
    this.term = term
    this.column = column
  }

  /** Forgets all counts. */
  clear(): void {
    this.pods = new Int32Array(Math.max(8, this.column.size))
    this.total = 0
  }

  /** A pod that carries the term came to a node, or left it. */
  add(index: number, sign: number): void {
    const value = this.column.valueOf[index]!
    if (value < 0) return
    this.pods[value]! += sign
    this.total += sign
  }
}

/** Tallies beyond this number are dropped and made again when asked for. */
const tallyLimit = 512
const identityLimit = 200_000

/** All columns, tallies and carriers of a snapshot. Everything derived: it may be dropped and is made again from the nodes. */
export class Topology {
  /** Changes with every node that comes, goes, or gets other labels or taints. */
  shape = 0
  readonly #nodes: () => Iterable<NodeState>
  readonly #capacity: () => number
  readonly #termsOf: (pod: PodInfo) => ReadonlyArray<CarriedTerm>
  readonly #columns = new Map<string, Column>()
  readonly #identities = new Map<string, Known>()
  #generation = 0
  #tallies = new Map<string, Tally>()
  #tallyList: Array<Tally> = []
  #carriers = new Map<string, Carrier>()
  #carrierList: Array<Carrier> = []
  #carrierShape = 0

  constructor(nodes: () => Iterable<NodeState>, capacity: () => number, termsOf: (pod: PodInfo) => ReadonlyArray<CarriedTerm>) {
    this.#nodes = nodes
    this.#capacity = capacity
    this.#termsOf = termsOf
  }

  /** A node came, changed its labels or taints, or went (no labels). */
  reshape(index: number, labels: Readonly<Record<string, string>> | undefined): void {
    this.shape++
    for (const column of this.#columns.values()) column.set(index, labels?.[column.key])
  }

  /** Everything that was matched before may match otherwise now. */
  forget(): void {
    this.shape++
    this.#generation++
    this.#tallies = new Map()
    this.#tallyList = []
  }

  /** The values of a label. */
  column(key: string): Column {
    let column = this.#columns.get(key)
    if (column === undefined) {
      column = new Column(key)
      this.#columns.set(key, column)
      for (const node of this.#nodes()) column.set(node.index, node.labels[key])
    }
    return column
  }

  /** The counts for a signature, made on first use and exact from then on. */
  tally(signature: string, make: () => TallySpec): Tally {
    let tally = this.#tallies.get(signature)
    if (tally === undefined) {
      if (this.#tallyList.length >= tallyLimit) this.forget()
      const spec = make()
      tally = new Tally(this.column(spec.topologyKey), spec)
      this.#tallies.set(signature, tally)
      this.#tallyList.push(tally)
    }
    if (tally.shape !== this.shape) {
      tally.shape = this.shape
      const wanted = tally
      tally.rebuild(this.#nodes(), this.#capacity(), (pod) => this.#tested(this.#identity(pod)).matching.includes(wanted))
    }
    return tally
  }

  /** The carried terms that match a pod and that at least one pod carries. */
  against(pod: PodInfo): ReadonlyArray<Carrier> {
    this.#freshCarriers()
    return this.#tested(this.#identity(pod)).against.filter(({ total }) => total > 0)
  }

  /** A pod came to a known node, or left it. */
  count(pod: PodInfo, index: number, sign: 1 | -1): void {
    if (this.#tallyList.length > 0) {
      for (const tally of this.#tested(this.#identity(pod)).matching) if (tally.shape === this.shape) tally.add(index, pod, sign)
    }
    if (!pod.hasPodAffinity || this.#carrierShape !== this.shape) return
    for (const term of this.#termsOf(pod)) this.#carrier(term).add(index, sign)
  }

  #carrier(term: CarriedTerm): Carrier {
    let carrier = this.#carriers.get(term.signature)
    if (carrier === undefined) {
      carrier = new Carrier(term, this.column(term.topologyKey))
      carrier.clear()
      this.#carriers.set(term.signature, carrier)
      this.#carrierList.push(carrier)
    }
    return carrier
  }

  #freshCarriers(): void {
    if (this.#carrierShape === this.shape) return
    this.#carrierShape = this.shape
    this.#generation++
    this.#carriers = new Map()
    this.#carrierList = []
    for (const node of this.#nodes()) {
      for (const pod of node.podsWithAffinity.values())
        for (const term of this.#termsOf(pod)) this.#carrier(term).add(node.index, 1)
    }
  }

  #identity(pod: PodInfo): Known {
    let known = this.#identities.get(pod.identity)
    if (known === undefined) {
      if (this.#identities.size >= identityLimit) this.#identities.clear()
      const { namespace, labels } = pod
      known = { namespace, labels, generation: -1, tested: 0, matching: [], testedCarriers: 0, against: [] }
      this.#identities.set(pod.identity, known)
    }
    return known
  }

  #tested(known: Known): Known {
    if (known.generation !== this.#generation) {
      known.generation = this.#generation
      known.tested = 0
      known.testedCarriers = 0
      known.matching.length = 0
      known.against.length = 0
    }
    for (; known.tested < this.#tallyList.length; known.tested++) {
      const tally = this.#tallyList[known.tested]!
      if (tally.spec.matches(known)) known.matching.push(tally)
    }
    for (; known.testedCarriers < this.#carrierList.length; known.testedCarriers++) {
      const carrier = this.#carrierList[known.testedCarriers]!
      if (carrier.term.matches(known)) known.against.push(carrier)
    }
    return known
  }
}
