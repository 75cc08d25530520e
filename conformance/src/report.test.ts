/** What the harness prints. @module */
import { describe, expect, test } from "bun:test"
import { closingLine, listing, type Outcome, outcomeLines, totalsOf } from "./report.ts"

const passed: Outcome = { result: "passed" }
const failed: Outcome = { result: "failed", saw: "one\ntwo" }
const skipped: Outcome = { result: "skipped", reason: "kubectl is not on the PATH" }

describe("the report", () => {
  test("closes with how many ended how", () => {
    expect(closingLine(totalsOf([passed, failed, passed, skipped]))).toBe("2 passed, 1 failed, 1 skipped")
    expect(closingLine(totalsOf([]))).toBe("0 passed, 0 failed, 0 skipped")
  })

  test("has a line a test, with its duration and what it saw", () => {
    expect(outcomeLines("[sig-x] works", passed, 1234)).toBe("pass    1.2 s  [sig-x] works")
    expect(outcomeLines("[sig-x] fails", failed, 60_000)).toBe(
      "FAIL   60.0 s  [sig-x] fails\n              one\n              two"
    )
    expect(outcomeLines("[sig-x] waits", skipped, 0)).toBe("skip    0.0 s  [sig-x] waits: kubectl is not on the PATH")
  })

  test("lists the written names and counts them against upstream's", () => {
    expect(listing(["b", "c"], ["a", "b", "c"])).toBe("b\nc\n2 of the 3 conformance tests of Kubernetes v1.36 are written")
  })
})
