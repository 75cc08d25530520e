/** Which pods a Job makes and which it takes away. */
import { describe, expect, test } from "bun:test"
import type { JobSpec, JobStatus } from "@tsukube/api/batch-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { job, now, type PodFacts, pod, situation } from "../testing/job-pods.ts"
import { backoffAfter, indexBackoff, remainingMs } from "./backoff.ts"
import { change } from "./change.ts"
import { podOf } from "./pod.ts"
import { tally } from "./tally.ts"

const firstMs = 10_000

/** The change in short: indexes or the number of pods to make, names of pods to take away, seconds to wait. */
const planned = (spec: Partial<JobSpec>, status: JobStatus, pods: ReadonlyArray<Pod>) => {
  const all = situation(job(spec, status), pods)
  const { create, remove, waitMs } = change(all, tally(all), firstMs)
  return {
    create: create.every(({ index }) => index === undefined) ? create.length : create.map(({ index }) => index),
    ...(remove.length === 0 ? {} : { remove: remove.map(({ metadata }) => metadata?.name).sort() }),
    ...(waitMs === undefined ? {} : { wait: waitMs / 1000 })
  }
}
const many = (count: number, facts: PodFacts = {}) => Array.from({ length: count }, (_, at) => pod(`p${at}`, facts))
const indexed = { completionMode: "Indexed", completions: 6, parallelism: 3 } as const
const failed = (uid: string, more: PodFacts = {}) => pod(uid, { phase: "Failed", ...more })

describe("a Job", () => {
  for (const [what, spec, status, pods, expected] of [
    ["makes what it may", { parallelism: 3, completions: 5 }, {}, [], { create: 3 }],
    ["fills up", { parallelism: 3, completions: 5 }, {}, many(1), { create: 2 }],
    ["makes no more than it needs", { parallelism: 3, completions: 5 }, { succeeded: 4 }, [], { create: 1 }],
    [
      "without a number makes none after a success",
      { parallelism: 3, completions: undefined },
      { succeeded: 1 },
      many(1),
      { create: 0 }
    ],
    ["makes at most 500 at once", { parallelism: 2000, completions: 5000 }, {}, [], { create: 500 }],
    [
      "takes away what is too many",
      { parallelism: 1, completions: 5 },
      {},
      [pod("runs"), pod("waits", { phase: "Pending" })],
      { create: 0, remove: ["waits"] }
    ],
    [
      "that rests takes all away",
      { suspend: true, parallelism: 3, completions: 5 },
      {},
      many(2),
      { create: 0, remove: ["p0", "p1"] }
    ],
    [
      "replaces a pod on its way out",
      { parallelism: 2, completions: 5 },
      {},
      many(2, { isDeleting: true, isCounted: true }),
      { create: 2 }
    ],
    [
      "waits for its end where it was told so",
      { parallelism: 2, completions: 5, podReplacementPolicy: "Failed" },
      {},
      many(2, { isDeleting: true }),
      { create: 0 }
    ],
    ["waits after a failure", {}, {}, [failed("a", { endedFor: 4 })], { create: 0, wait: 6 }],
    ["goes on when the wait is over", {}, {}, [failed("a", { endedFor: 10 })], { create: 1 }],
    ["gives the lowest indexes", indexed, {}, [], { create: [0, 1, 2] }],
    ["fills gaps", indexed, { completedIndexes: "0,2" }, [pod("a", { index: 3 })], { create: [1, 4] }],
    [
      "gives an index once",
      indexed,
      {},
      [pod("a", { index: 1 }), pod("b", { index: 1, phase: "Pending" })],
      { create: 0, remove: ["b"] }
    ],
    ["takes away what has no place", indexed, {}, [pod("a", { index: 9 }), pod("b")], { create: 0, remove: ["a", "b"] }],
    [
      "lets each index wait for itself",
      { ...indexed, backoffLimitPerIndex: 3 },
      {},
      [failed("a", { index: 0, failures: 1, endedFor: 15 })],
      { create: [1, 2], wait: 5 }
    ],
    [
      "does not try a lost index again",
      { ...indexed, backoffLimitPerIndex: 0 },
      {},
      [failed("a", { index: 0 })],
      { create: [1, 2, 3] }
    ]
  ] as ReadonlyArray<readonly [string, Partial<JobSpec>, JobStatus, ReadonlyArray<Pod>, object]>) {
    test(what, () => expect(planned(spec, status, pods)).toEqual(expected as ReturnType<typeof planned>))
  }

  test("hands the failures of an index on to its next pod, and counts apart those that are ignored", () => {
    const podFailurePolicy = { rules: [{ action: "Ignore" as const, onExitCodes: { operator: "In" as const, values: [9] } }] }
    const spec = { ...indexed, completions: 2, backoffLimitPerIndex: 5, podFailurePolicy }
    const pods = [
      failed("old", { index: 0, failures: 1, ignored: 0, endedFor: 900 }),
      failed("new", { index: 0, failures: 2, ignored: 0, endedFor: 800, exitCode: 9 }),
      failed("other", { index: 1, failures: 0, endedFor: 800 })
    ]
    const all = situation(job(spec), pods)
    const { create } = change(all, tally(all), firstMs)
    expect(create).toEqual([
      { index: 0, failures: { counted: 2, ignored: 1 } },
      { index: 1, failures: { counted: 1, ignored: 0 } }
    ])
    expect(create.map((slot) => podOf(job(spec), slot).metadata?.annotations)).toEqual([
      {
        "batch.kubernetes.io/job-completion-index": "0",
        "batch.kubernetes.io/job-index-failure-count": "2",
        "batch.kubernetes.io/job-index-ignored-failure-count": "1"
      },
      { "batch.kubernetes.io/job-completion-index": "1", "batch.kubernetes.io/job-index-failure-count": "1" }
    ])
  })
})

describe("failures in a row", () => {
  test("double the wait, up to ten minutes", () => {
    const waits = [0, 1, 2, 3, 7, 40].map((failures) => remainingMs({ failures, lastMs: now }, firstMs, now) / 1000)
    expect(waits).toEqual([0, 10, 20, 40, 600, 600])
  })

  test("end with a success, and begin anew with what failed after it", () => {
    const row = { failures: 3, lastMs: now - 90_000 }
    const success = pod("s", { phase: "Succeeded", endedFor: 20 })
    expect(backoffAfter(row, [], [failed("a", { endedFor: 5 })])).toEqual({ failures: 4, lastMs: now - 5000 })
    expect(backoffAfter(row, [success], [failed("a", { endedFor: 30 })])).toEqual({ failures: 0, lastMs: 0 })
    expect(backoffAfter(row, [success], [failed("a", { endedFor: 30 }), failed("b", { endedFor: 10 })])).toEqual({
      failures: 1,
      lastMs: now - 10_000
    })
    expect(backoffAfter(row, [], [])).toBe(row)
  })

  test("of an index are told by its last pod", () => {
    expect(indexBackoff(failed("a", { failures: 2, ignored: 1, endedFor: 7 }))).toEqual({ failures: 4, lastMs: now - 7000 })
  })
})

test("a pod's name keeps its index, however long the Job's is", () => {
  const long = { ...job(indexed), metadata: { name: "n".repeat(63) } }
  expect(podOf(long, { index: 12 }).metadata?.generateName).toBe(`${"n".repeat(54)}-12-`)
})
