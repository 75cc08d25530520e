/** Brings rules into the kernel by iptables-restore: one transaction, only the chains that changed. @module */
import { type InNetns, type RunError, run } from "@tsukube/host"
import { Effect } from "effect"
import { type ProxyBackend, SyncError, type SyncReport } from "../backend.ts"
import type { ProxyState } from "../state.ts"
import { diffRules, isEmptyChange, type RuleChange, type RuleSet, replaceRules, restoreText, tables } from "./rule-set.ts"
import { proxyRules, type RuleOptions } from "./rules.ts"
import { missingJumps, parseSaved, removal, type SavedRules } from "./saved.ts"

/** Options of the iptables backend; without `netns` it works in the namespace of this process. */
export interface IptablesOptions extends RuleOptions, InNetns {}

/** How long iptables waits for another program that is changing rules. */
const lockSeconds = 5

const count = (change: RuleChange, full: boolean): SyncReport => {
  let rulesWritten = 0
  for (const table of tables) for (const rules of change.written[table].values()) rulesWritten += rules.length
  return {
    full,
    chainsWritten: change.written.filter.size + change.written.nat.size,
    chainsDeleted: change.deleted.filter.length + change.deleted.nat.length,
    rulesWritten
  }
}

/** Service rules in iptables, in the tables `filter` and `nat`. Needs root, iptables-save and iptables-restore. */
export const iptablesBackend = (options: IptablesOptions = {}): ProxyBackend => {
  const place: InNetns = options.netns === undefined ? {} : { netns: options.netns }
  const failed = (error: RunError): SyncError => new SyncError({ backend: "iptables", reason: error.message })
  const restore = (text: string): Effect.Effect<void, SyncError> =>
    text === ""
      ? Effect.void
      : run("iptables-restore", ["--noflush", "--wait", String(lockSeconds)], { stdin: text, ...place }).pipe(
          Effect.mapError(failed),
          Effect.asVoid
        )
  const saved: Effect.Effect<SavedRules, SyncError> = run("iptables-save", [], place).pipe(
    Effect.map(({ stdout }) => parseSaved(stdout)),
    Effect.mapError(failed)
  )
  // The rules of the state made true last: the next call usually compares with them.
  let last: { readonly state: ProxyState; readonly rules: RuleSet } | undefined
  const rulesOf = (state: ProxyState): RuleSet => (last?.state === state ? last.rules : proxyRules(state, options))

  const writeAll = (target: RuleSet): Effect.Effect<SyncReport, SyncError> =>
    Effect.gen(function* () {
      const existing = yield* saved
      const change = replaceRules(existing.ownChains, target)
      yield* restore(restoreText(change, missingJumps(existing)))
      return count(change, true)
    })
  const writeDifference = (change: RuleChange): Effect.Effect<SyncReport, SyncError> =>
    Effect.as(isEmptyChange(change) ? Effect.void : restore(restoreText(change)), count(change, false))

  const chainHolds = (table: string, chain: string, text: string): Effect.Effect<boolean> =>
    run("iptables", ["--wait", String(lockSeconds), "-t", table, "-S", chain], place).pipe(
      Effect.map(({ stdout }) => stdout.includes(text)),
      Effect.orElseSucceed(() => false)
    )

  return {
    name: "iptables",
    sync: (desired, previous) =>
      Effect.gen(function* () {
        const target = proxyRules(desired, options)
        const report = yield* previous === undefined ? writeAll(target) : writeDifference(diffRules(rulesOf(previous), target))
        last = { state: desired, rules: target }
        return report
      }),
    // Cheap probes of what firewalls flush: the kernel's own chains, and the rules in ours.
    intact: Effect.map(
      Effect.all([
        chainHolds("nat", "PREROUTING", "-j KUBE-SERVICES"),
        chainHolds("nat", "KUBE-POSTROUTING", "-j MASQUERADE"),
        chainHolds("filter", "FORWARD", "-j KUBE-FORWARD"),
        chainHolds("filter", "KUBE-FORWARD", "-j ACCEPT")
      ]),
      (answers) => answers.every((answer) => answer)
    ),
    cleanup: Effect.gen(function* () {
      const { change, extra } = removal(yield* saved)
      yield* restore(restoreText(change, extra))
    })
  }
}
