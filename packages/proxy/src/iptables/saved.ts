/** Reads what iptables-save prints, as far as the proxy has to know what is there. @module */
import { isOwnChain } from "./names.ts"
import type { RuleChange, Table } from "./rule-set.ts"
import { emptyRuleSet, tables } from "./rule-set.ts"
import { jumpRules } from "./rules.ts"

/** What is in the kernel. */
export interface SavedRules {
  /** Our chains, of this run and others, by table. */
  readonly ownChains: Readonly<Record<Table, ReadonlyArray<string>>>
  /** Rules of other chains that jump into ours, as they would be appended. */
  readonly jumps: Readonly<Record<Table, ReadonlyArray<string>>>
}

/** Parses the output of `iptables-save`; tables other than ours are skipped. */
export const parseSaved = (text: string): SavedRules => {
  const ownChains: Record<Table, Array<string>> = { filter: [], nat: [] }
  const jumps: Record<Table, Array<string>> = { filter: [], nat: [] }
  let table: Table | undefined
  for (const line of text.split("\n")) {
    if (line.startsWith("*")) table = tables.find((name) => line === `*${name}`)
    if (table === undefined) continue
    const [, chain] = /^:(\S+)/.exec(line) ?? []
    if (chain !== undefined && isOwnChain(chain)) ownChains[table].push(chain)
    const [, from, to] = /^-A (\S+) .*(?:-j|-g) (\S+)/.exec(line) ?? []
    if (from !== undefined && to !== undefined && !isOwnChain(from) && isOwnChain(to)) jumps[table].push(line)
  }
  return { ownChains, jumps }
}

/** The lines that put in first place every jump that is missing. */
export const missingJumps = (saved: SavedRules): Record<Table, ReadonlyArray<string>> => {
  const lines: Record<Table, Array<string>> = { filter: [], nat: [] }
  for (const { table, from, to, match } of jumpRules) {
    const there = saved.jumps[table].some((line) => line.startsWith(`-A ${from} `) && line.endsWith(` -j ${to}`))
    if (!there) lines[table].push(`-I ${from} 1 ${match} -j ${to}`)
  }
  return lines
}

/** The change and the lines that remove everything of ours. */
export const removal = (
  saved: SavedRules
): { readonly change: RuleChange; readonly extra: Record<Table, ReadonlyArray<string>> } => ({
  change: { written: emptyRuleSet, deleted: saved.ownChains },
  extra: {
    filter: saved.jumps.filter.map((line) => `-D ${line.slice(3)}`),
    nat: saved.jumps.nat.map((line) => `-D ${line.slice(3)}`)
  }
})
