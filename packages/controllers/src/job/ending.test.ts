/** Whether a Job ends, and how. */
import { describe, expect, test } from "bun:test"
import type { JobSpec, JobStatus } from "@tsukube/api/batch-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { before, job, pod, situation } from "../testing/job-pods.ts"
import { endingOf, isComplete } from "./ending.ts"
import { tally } from "./tally.ts"

const outcome = (spec: Partial<JobSpec>, status: JobStatus, pods: ReadonlyArray<Pod>): string => {
  const all = situation(job(spec, status), pods)
  const sum = tally(all)
  const ending = endingOf(all, sum)
  if (ending !== undefined) return `${ending.type} ${ending.reason}: ${ending.message}`
  return isComplete(all.job, sum, sum.active.length) ? "complete" : "goes on"
}
const failed = (uid: string, more: Parameters<typeof pod>[1] = {}) => pod(uid, { phase: "Failed", ...more })
const done = (uid: string, more: Parameters<typeof pod>[1] = {}) => pod(uid, { phase: "Succeeded", ...more })
const backoff = "Failed BackoffLimitExceeded: Job has reached the specified backoff limit"
const indexed = { completionMode: "Indexed", completions: 4, parallelism: 4 } as const
const rule = (action: "FailJob" | "Ignore" | "Count" | "FailIndex", more: object) => ({
  podFailurePolicy: { rules: [{ action, ...more }] },
  podReplacementPolicy: "Failed" as const
})
const onCode = (operator: "In" | "NotIn", ...values: ReadonlyArray<number>) => ({ onExitCodes: { operator, values } })
const disrupted = { onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }

describe("a Job", () => {
  for (const [what, spec, status, pods, expected] of [
    ["goes on while pods are missing", { completions: 2 }, {}, [done("a")], "goes on"],
    ["is complete with its last success", { completions: 2 }, { succeeded: 1 }, [done("a")], "complete"],
    [
      "counts what waits in its status",
      { completions: 2 },
      { uncountedTerminatedPods: { succeeded: ["a", "b"] } },
      [done("a")],
      "complete"
    ],
    ["does not count twice what was counted", { completions: 2 }, { succeeded: 1 }, [done("a", { isCounted: true })], "goes on"],
    ["without a number waits for what still runs", { completions: undefined }, {}, [done("a"), pod("b")], "goes on"],
    ["without a number is complete when one succeeded and none runs", { completions: undefined }, {}, [done("a")], "complete"],
    ["may fail as often as its limit says", { backoffLimit: 1 }, {}, [failed("a")], "goes on"],
    ["may not fail more often", { backoffLimit: 1 }, { failed: 1 }, [failed("a")], backoff],
    ["counts a pod on its way out as failed", { backoffLimit: 0 }, {}, [pod("a", { isDeleting: true })], backoff],
    [
      "waits for its end where it was told so",
      { backoffLimit: 0, podReplacementPolicy: "Failed" },
      {},
      [pod("a", { isDeleting: true })],
      "goes on"
    ],
    [
      "has a deadline",
      { activeDeadlineSeconds: 60 },
      { startTime: before(60) },
      [pod("a")],
      "Failed DeadlineExceeded: Job was active longer than specified deadline"
    ],
    ["that rests has none", { activeDeadlineSeconds: 60, suspend: true }, { startTime: before(60) }, [], "goes on"],
    [
      "ends by its failure policy",
      rule("FailJob", onCode("In", 42)),
      {},
      [failed("a", { exitCode: 42 })],
      "Failed PodFailurePolicy: Container main for pod default/a failed with exit code 42 matching FailJob rule at index 0"
    ],
    ["does not by another code", rule("FailJob", onCode("In", 42)), {}, [failed("a", { exitCode: 1 })], "goes on"],
    [
      "ends by all other codes",
      rule("FailJob", onCode("NotIn", 1)),
      {},
      [failed("a", { exitCode: 2 })],
      "Failed PodFailurePolicy: Container main for pod default/a failed with exit code 2 matching FailJob rule at index 0"
    ],
    [
      "ends by a condition",
      rule("FailJob", disrupted),
      {},
      [failed("a", { condition: "DisruptionTarget" })],
      "Failed PodFailurePolicy: Pod default/a has condition DisruptionTarget matching FailJob rule at index 0"
    ],
    [
      "may ignore failures",
      { backoffLimit: 0, ...rule("Ignore", disrupted) },
      {},
      [failed("a", { condition: "DisruptionTarget" })],
      "goes on"
    ],
    [
      "keeps to the ending that was announced",
      {},
      { conditions: [{ type: "FailureTarget", status: "True", reason: "R", message: "m" }] },
      [],
      "Failed R: m"
    ],
    ["is complete when all indexes are", indexed, { completedIndexes: "0-2" }, [done("a", { index: 3 })], "complete"],
    ["takes no index twice", indexed, { completedIndexes: "0-2" }, [done("a", { index: 2 }), done("b", { index: 7 })], "goes on"],
    [
      "fails when all indexes are through and one failed",
      { ...indexed, backoffLimitPerIndex: 1 },
      { completedIndexes: "0-2" },
      [failed("a", { index: 3, failures: 1 })],
      "Failed FailedIndexes: Job has failed indexes"
    ],
    [
      "lets an index fail within its limit",
      { ...indexed, backoffLimitPerIndex: 1 },
      { completedIndexes: "0-2" },
      [failed("a", { index: 3, failures: 0 })],
      "goes on"
    ],
    [
      "may give up an index by policy",
      { ...indexed, backoffLimitPerIndex: 5, ...rule("FailIndex", onCode("In", 9)) },
      { completedIndexes: "0-2" },
      [failed("a", { index: 3, exitCode: 9 })],
      "Failed FailedIndexes: Job has failed indexes"
    ],
    [
      "may lose so many indexes",
      { ...indexed, backoffLimitPerIndex: 0, maxFailedIndexes: 1 },
      { failedIndexes: "0" },
      [failed("a", { index: 1 })],
      "Failed MaxFailedIndexesExceeded: Job has exceeded the specified maximal number of failed indexes"
    ],
    [
      "succeeds by number",
      { ...indexed, successPolicy: { rules: [{ succeededCount: 2 }] } },
      { completedIndexes: "0" },
      [done("a", { index: 3 })],
      "Complete SuccessPolicy: Matched rules at index 0"
    ],
    [
      "succeeds by some of certain indexes",
      { ...indexed, successPolicy: { rules: [{ succeededIndexes: "0" }, { succeededIndexes: "2,3", succeededCount: 1 }] } },
      {},
      [done("a", { index: 3 })],
      "Complete SuccessPolicy: Matched rules at index 1"
    ],
    [
      "does not by others",
      { ...indexed, successPolicy: { rules: [{ succeededIndexes: "2,3" }] } },
      {},
      [done("a", { index: 1 }), done("b", { index: 3 })],
      "goes on"
    ]
  ] as ReadonlyArray<readonly [string, Partial<JobSpec>, JobStatus, ReadonlyArray<Pod>, string]>) {
    test(what, () => expect(outcome(spec, status, pods)).toBe(expected))
  }

  for (const [backoffLimit, restarts, expected] of [
    [0, 0, "goes on"],
    [0, 1, backoff],
    [3, 2, "goes on"],
    [3, 3, backoff]
  ] as const) {
    test(`of which containers restarted ${restarts} times with a limit of ${backoffLimit} ${expected}`, () => {
      const template = { spec: { containers: [], restartPolicy: "OnFailure" as const } }
      expect(outcome({ backoffLimit, template }, {}, [pod("a", { restarts })])).toBe(expected)
    })
  }
})
