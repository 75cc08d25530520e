/** All nodes as one kind of pod sees them: which fit, and how good they are; repaired only where something changed. @module */

import type { NodeState } from "./node-state.ts"
import { type Plugin, scaledScore } from "./plugin.ts"
import type { PodInfo } from "./pod-info.ts"
import type { Snapshot } from "./snapshot.ts"
import { Tournament } from "./tournament.ts"

interface Filter {
  readonly plugin: Plugin
  readonly state: unknown
}

interface Scorer extends Filter {
  readonly weight: number
}

/** Scores of a plugin that are scaled by the largest among the nodes that fit. */
interface Scaled extends Scorer {
  readonly isReversed: boolean
  readonly raw: Float64Array
  /** How many fitting nodes have a raw score. */
  readonly counts: Map<number, number>
  most: number
}

/** The part of the cycle that looks at one node at a time, for pods whose plugins sign the same text. */
export class Ranking {
  readonly #pod: PodInfo
  readonly #snapshot: Snapshot
  readonly #filters: ReadonlyArray<Filter>
  readonly #scorers: ReadonlyArray<Scorer>
  #scaled: ReadonlyArray<Scaled>
  #fits: Uint8Array = new Uint8Array(0)
  /** The sum of all scores that need no scaling. */
  #base: Float64Array = new Float64Array(0)
  #tree: Tournament | undefined
  /** The version of the snapshot up to which it is right. */
  #version = -1
  /** What was found out about nodes kept for other pods, as long as node and pods are the same. */
  readonly barred: Map<number, { readonly revision: number; readonly uids: string; readonly isBarred: boolean }> = new Map()
  /** How many nodes fit. */
  fitting = 0

  constructor(pod: PodInfo, snapshot: Snapshot, plugins: ReadonlyArray<Plugin>) {
    this.#pod = pod
    this.#snapshot = snapshot
    this.#filters = plugins.flatMap((plugin) => {
      if (plugin.filter === undefined) return []
      const prepared = plugin.preFilter?.(pod, snapshot)
      return prepared?.skip === true ? [] : [{ plugin, state: prepared?.state }]
    })
    const scorers = plugins.flatMap((plugin) => {
      if (plugin.score === undefined) return []
      const prepared = plugin.preScore?.(pod, [], snapshot)
      return prepared?.skip === true ? [] : [{ plugin, state: prepared?.state, weight: plugin.weight ?? 1 }]
    })
    this.#scorers = scorers.filter(({ plugin }) => plugin.scale === undefined)
    this.#scaled = scorers
      .filter(({ plugin }) => plugin.scale !== undefined)
      .map((scorer) => ({
        ...scorer,
        isReversed: scorer.plugin.scale === "reversed",
        raw: new Float64Array(0),
        counts: new Map(),
        most: 0
      }))
  }

  /** True when scaling gives every fitting node the same, so that leaving some out changes nothing for the others. */
  get isEven(): boolean {
    return this.#scaled.every(({ counts }) => counts.size <= 1)
  }

  /** Repairs what changed since it was last asked. */
  refresh(): void {
    const { rows, changes } = this.#snapshot
    const { indices, version } = changes
    const from = this.#version - changes.dropped
    if (from < 0 || rows.length > this.#fits.length || indices.length - from > rows.length) this.#rebuild()
    else for (let place = from; place < indices.length; place++) this.#repair(indices[place]!)
    this.#version = version
    this.#rescale()
  }

  /** The nodes that fit, in order. */
  candidates(): Int32Array {
    const found = new Int32Array(this.fitting)
    let count = 0
    const fits = this.#fits
    for (let index = 0; index < fits.length; index++) if (fits[index] === 1) found[count++] = index
    return found
  }

  /** True when the node fits. */
  fits(index: number): boolean {
    return this.#fits[index] === 1
  }

  /** Scores of some of the fitting nodes, as if there were no others. */
  score(indices: Int32Array, size: number, totals: Float64Array): void {
    for (let place = 0; place < size; place++) totals[place] = this.#base[indices[place]!]!
    for (const { raw, weight, isReversed } of this.#scaled) {
      let most = 0
      for (let place = 0; place < size; place++) if (raw[indices[place]!]! > most) most = raw[indices[place]!]!
      for (let place = 0; place < size; place++)
        totals[place] = totals[place]! + weight * scaledScore(raw[indices[place]!]!, most, isReversed)
    }
  }

  /** One of the best nodes, `barred` ones apart (only when `isEven`); undefined when there is none. */
  best(random: () => number, barred: ReadonlyArray<number> = []): number | undefined {
    this.#tree ??= this.#grow()
    const tree = this.#tree
    const held = barred.map((index) => tree.at(index))
    for (const index of barred) tree.set(index, Number.NEGATIVE_INFINITY)
    const { ties } = tree
    const found = ties === 0 ? undefined : tree.pick(ties === 1 ? 0 : Math.min(ties - 1, Math.floor(random() * ties)))
    for (const [place, index] of barred.entries()) tree.set(index, held[place]!)
    return found
  }

  #total(index: number): number {
    if (this.#fits[index] !== 1) return Number.NEGATIVE_INFINITY
    let total = this.#base[index]!
    for (const { raw, weight, isReversed, most } of this.#scaled) total += weight * scaledScore(raw[index]!, most, isReversed)
    return total
  }

  #grow(): Tournament {
    const tree = new Tournament(this.#fits.length)
    tree.fill((index) => this.#total(index), this.#fits.length)
    return tree
  }

  #rebuild(): void {
    const capacity = Math.max(64, Math.ceil(this.#snapshot.rows.length * 1.25))
    this.#fits = new Uint8Array(capacity)
    this.#base = new Float64Array(capacity)
    this.#scaled = this.#scaled.map((scaled) => ({ ...scaled, raw: new Float64Array(capacity), counts: new Map(), most: 0 }))
    this.#tree = undefined
    this.fitting = 0
    for (let index = 0; index < this.#snapshot.rows.length; index++) this.#look(index)
  }

  #repair(index: number): void {
    if (this.#fits[index] === 1) {
      this.#fits[index] = 0
      this.fitting--
      for (const { counts, raw } of this.#scaled) {
        const left = counts.get(raw[index]!)! - 1
        if (left === 0) counts.delete(raw[index]!)
        else counts.set(raw[index]!, left)
      }
    }
    this.#look(index)
    this.#tree?.set(index, this.#total(index))
  }

  /** Asks the plugins about one node. */
  #look(index: number): void {
    const node = this.#snapshot.rows[index]
    if (node === undefined) return
    for (const { plugin, state } of this.#filters) if (plugin.filter!(this.#pod, node, state) !== undefined) return
    this.#fits[index] = 1
    this.fitting++
    let base = 0
    for (const { plugin, state, weight } of this.#scorers) base += weight * plugin.score!(this.#pod, node, state)
    this.#base[index] = base
    for (const { plugin, state, raw, counts } of this.#scaled) {
      const score = plugin.score!(this.#pod, node, state)
      raw[index] = score
      counts.set(score, (counts.get(score) ?? 0) + 1)
    }
  }

  /** When the largest raw score is another one, every scaled score is. */
  #rescale(): void {
    for (const scaled of this.#scaled) {
      let most = 0
      for (const score of scaled.counts.keys()) if (score > most) most = score
      if (most === scaled.most) continue
      scaled.most = most
      this.#tree = undefined
    }
  }
}

/** A ranking counts nodes by index; this is the node of one. */
export const nodeAt = (snapshot: Snapshot, index: number): NodeState => snapshot.rows[index]!
