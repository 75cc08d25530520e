/** Chains and their rules as data, the difference between two of them, and its text for iptables-restore. @module */

export type Table = "filter" | "nat"

/** Rules by table and chain; a rule is what follows `-A CHAIN `. */
export type RuleSet = Readonly<Record<Table, ReadonlyMap<string, ReadonlyArray<string>>>>

/** What turns one rule set into another. */
export interface RuleChange {
  /** Chains to make or to empty, with their new rules. */
  readonly written: RuleSet
  /** Chains to delete: nothing refers to them any more. */
  readonly deleted: Readonly<Record<Table, ReadonlyArray<string>>>
}

export const tables: ReadonlyArray<Table> = ["filter", "nat"]

/** A rule set without chains. */
export const emptyRuleSet: RuleSet = { filter: new Map(), nat: new Map() }

const sameRules = (a: ReadonlyArray<string> | undefined, b: ReadonlyArray<string>): boolean =>
  a !== undefined && (a === b || (a.length === b.length && a.every((rule, index) => rule === b[index])))

const changedChains = (
  source: ReadonlyMap<string, ReadonlyArray<string>>,
  target: ReadonlyMap<string, ReadonlyArray<string>>
): Map<string, ReadonlyArray<string>> => {
  const changed = new Map<string, ReadonlyArray<string>>()
  for (const [chain, rules] of target) if (!sameRules(source.get(chain), rules)) changed.set(chain, rules)
  return changed
}

const missingChains = (source: Iterable<string>, target: ReadonlyMap<string, unknown>): ReadonlyArray<string> =>
  [...source].filter((chain) => !target.has(chain))

/** The change from one rule set to another. */
export const diffRules = (source: RuleSet, target: RuleSet): RuleChange => ({
  written: { filter: changedChains(source.filter, target.filter), nat: changedChains(source.nat, target.nat) },
  deleted: { filter: missingChains(source.filter.keys(), target.filter), nat: missingChains(source.nat.keys(), target.nat) }
})

/** The change to a rule set when only the names of the chains that are there are known. */
export const replaceRules = (existing: Readonly<Record<Table, Iterable<string>>>, target: RuleSet): RuleChange => ({
  written: target,
  deleted: { filter: missingChains(existing.filter, target.filter), nat: missingChains(existing.nat, target.nat) }
})

/** The rule set after a change. */
export const applyRules = (source: RuleSet, change: RuleChange): RuleSet => {
  const after = (table: Table): ReadonlyMap<string, ReadonlyArray<string>> => {
    const chains = new Map([...source[table], ...change.written[table]])
    for (const chain of change.deleted[table]) chains.delete(chain)
    return chains
  }
  return { filter: after("filter"), nat: after("nat") }
}

/** Whether a change changes anything. */
export const isEmptyChange = ({ written, deleted }: RuleChange): boolean =>
  tables.every((table) => written[table].size === 0 && deleted[table].length === 0)

/**
 * The input of `iptables-restore --noflush`: one transaction a table. Naming a chain empties it, so chains that are to be deleted are
 * named too, and deleted once no rule refers to them. `extra` are further lines of a table, such as jumps from the kernel's own chains.
 */
export const restoreText = (
  change: RuleChange,
  extra: Readonly<Record<Table, ReadonlyArray<string>>> = { filter: [], nat: [] }
): string => {
  const lines: Array<string> = []
  for (const table of tables) {
    const written = change.written[table]
    const deleted = change.deleted[table]
    if (written.size === 0 && deleted.length === 0 && extra[table].length === 0) continue
    lines.push(`*${table}`)
    for (const chain of written.keys()) lines.push(`:${chain} - [0:0]`)
    for (const chain of deleted) lines.push(`:${chain} - [0:0]`)
    for (const [chain, rules] of written) for (const rule of rules) lines.push(`-A ${chain} ${rule}`)
    lines.push(...extra[table])
    for (const chain of deleted) lines.push(`-X ${chain}`)
    lines.push("COMMIT")
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`
}
