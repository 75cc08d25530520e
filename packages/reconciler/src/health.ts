/** Named checks of a process, and the answer that `/healthz`, `/livez` and `/readyz` give of them. @module */
import { Cause, Effect } from "effect"

/** The outcome of every check, in the order in which they were added. */
export interface HealthReport {
  readonly ok: boolean
  readonly checks: ReadonlyArray<{ readonly name: string; readonly failure?: string }>
}

/** A changing set of checks. */
export interface Health {
  /** Adds a check under a name of its own, replacing one of the same name; the returned function takes it away. */
  readonly add: (name: string, check: Effect.Effect<unknown, unknown>) => () => void
  /** Runs all checks at the same time; one that takes longer than the bound has failed. */
  readonly report: Effect.Effect<HealthReport>
}

/** Checks without any but `ping`, which always passes. */
export const makeHealth = ({ timeoutMs = 5000 }: { readonly timeoutMs?: number } = {}): Health => {
  const checks = new Map<string, Effect.Effect<unknown, unknown>>([["ping", Effect.void]])
  const run = ([name, check]: [string, Effect.Effect<unknown, unknown>]) =>
    check.pipe(
      Effect.timeoutOrElse({ duration: timeoutMs, orElse: () => Effect.fail(`no answer within ${timeoutMs} ms`) }),
      Effect.as<{ readonly name: string; readonly failure?: string }>({ name }),
      Effect.catchCause((cause) => Effect.succeed({ name, failure: describe(Cause.squash(cause)) }))
    )
  return {
    add: (name, check) => {
      checks.set(name, check)
      return () => {
        if (checks.get(name) === check) checks.delete(name)
      }
    },
    report: Effect.suspend(() =>
      Effect.map(Effect.forEach([...checks], run, { concurrency: "unbounded" }), (results) => ({
        ok: results.every(({ failure }) => failure === undefined),
        checks: results
      }))
    )
  }
}

const describe = (failure: unknown): string => (failure instanceof Error ? failure.message : String(failure))

/**
 * The text of a report as upstream's endpoints give it: `ok`, or with `verbose` or a failure a line per check. Why a check
 * failed is withheld, since these endpoints need no authentication.
 */
export const formatHealth = (endpoint: "healthz" | "livez" | "readyz", report: HealthReport, verbose = false): string => {
  if (report.ok && !verbose) return "ok"
  const lines = report.checks.map(({ name, failure }) =>
    failure === undefined ? `[+]${name} ok\n` : `[-]${name} failed: reason withheld\n`
  )
  return `${lines.join("")}${endpoint} check ${report.ok ? "passed" : "failed"}\n`
}
