/** What the harness prints: a line a test, what a failed one saw, and the closing line. @module */

/** How one test ended. */
export type Outcome =
  | { readonly result: "passed" }
  | { readonly result: "failed"; readonly saw: string }
  | { readonly result: "skipped"; readonly reason: string }

/** How many ended how. */
export interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const seconds = (durationMs: number): string => `${(durationMs / 1000).toFixed(1)} s`.padStart(8)

const indent = (text: string): string => text.replace(/^(?=.)/gm, "              ")

/** The line of one test, and what it saw when it failed. */
export const outcomeLines = (name: string, outcome: Outcome, durationMs: number): string => {
  switch (outcome.result) {
    case "passed":
      return `pass ${seconds(durationMs)}  ${name}`
    case "failed":
      return `FAIL ${seconds(durationMs)}  ${name}\n${indent(outcome.saw)}`
    case "skipped":
      return `skip ${seconds(durationMs)}  ${name}: ${outcome.reason}`
  }
}

/** The closing line. */
export const closingLine = ({ passed, failed, skipped }: Totals): string =>
  `${passed} passed, ${failed} failed, ${skipped} skipped`

/** Counts outcomes. */
export const totalsOf = (outcomes: ReadonlyArray<Outcome>): Totals => {
  const count = (result: Outcome["result"]) => outcomes.filter((outcome) => outcome.result === result).length
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") }
}

/** What `--list` prints: the names, and how many of the upstream list they are. */
export const listing = (written: ReadonlyArray<string>, upstream: ReadonlyArray<string>): string => {
  const known = new Set(upstream)
  const count = written.filter((name) => known.has(name)).length
  return [...written, `${count} of the ${upstream.length} conformance tests of Kubernetes v1.36 are written`].join("\n")
}
