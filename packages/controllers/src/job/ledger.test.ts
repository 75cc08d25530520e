/** Every ended pod is counted once, whatever happens between the steps. */
import { describe, expect, test } from "bun:test"
import type { JobSpec, JobStatus } from "@tsukube/api/batch-v1"
import type { Pod } from "@tsukube/api/core-v1"
import { job, type PodFacts, pod, situation } from "../testing/job-pods.ts"
import { completed, type Ending } from "./ending.ts"
import { enter, finish, settle } from "./ledger.ts"
import { tally } from "./tally.ts"

const failing: Ending = { type: "Failed", reason: "R", message: "m" }
const failed = (uid: string, more: PodFacts = {}) => pod(uid, { phase: "Failed", ...more })
const done = (uid: string, more: PodFacts = {}) => pod(uid, { phase: "Succeeded", ...more })

const entry = (
  spec: Partial<JobSpec>,
  status: JobStatus,
  pods: ReadonlyArray<Pod>,
  ending?: Ending,
  released: ReadonlyArray<string> = []
) => {
  const all = situation(job(spec, status), pods, { released: new Set(released) })
  const { status: next, release, isAll } = enter(all, tally(all), ending)
  const { uncountedTerminatedPods, succeeded, failed: count, completedIndexes, failedIndexes } = next
  return {
    ...uncountedTerminatedPods,
    counts: [succeeded, count],
    release: release.map(({ metadata }) => metadata?.name).join(),
    ...(isAll ? {} : { isAll }),
    ...(completedIndexes ? { completedIndexes } : {}),
    ...(failedIndexes ? { failedIndexes } : {})
  }
}
const indexed = { completionMode: "Indexed", completions: 6, parallelism: 3 } as const

describe("a status", () => {
  for (const [what, spec, status, pods, ending, released, expected] of [
    [
      "notes who ended",
      {},
      {},
      [done("a"), failed("b"), pod("c")],
      undefined,
      [],
      { succeeded: ["a"], failed: ["b"], counts: [0, 0], release: "a,b" }
    ],
    [
      "notes nobody twice",
      {},
      { uncountedTerminatedPods: { failed: ["b"] } },
      [failed("b")],
      undefined,
      [],
      { failed: ["b"], counts: [0, 0], release: "b" }
    ],
    [
      "counts who lost the finalizer",
      {},
      { failed: 2, uncountedTerminatedPods: { failed: ["b", "c"] } },
      [failed("b", { isCounted: true })],
      undefined,
      [],
      { counts: [0, 4], release: "" }
    ],
    ["is not misled by a late cache", {}, { failed: 1 }, [failed("b")], undefined, ["b"], { counts: [0, 1], release: "" }],
    [
      "lets ignored failures go uncounted",
      { podFailurePolicy: { rules: [{ action: "Ignore", onExitCodes: { operator: "In", values: [1] } }] } },
      {},
      [failed("b")],
      undefined,
      [],
      { counts: [0, 0], release: "b" }
    ],
    [
      "counts what a failing Job ended",
      {},
      {},
      [pod("c"), done("a")],
      failing,
      [],
      { succeeded: ["a"], failed: ["c"], counts: [0, 0], release: "c,a" }
    ],
    ["does not count what a complete Job ended", {}, {}, [pod("c")], completed, [], { counts: [0, 0], release: "c" }],
    [
      "names indexes instead",
      indexed,
      { completedIndexes: "0" },
      [done("a", { index: 1 }), done("b", { index: 0 })],
      undefined,
      [],
      { counts: [2, 0], release: "b,a", completedIndexes: "0,1" }
    ],
    [
      "does not know pods without a place",
      indexed,
      {},
      [failed("a", { index: 9 }), done("b")],
      undefined,
      [],
      { counts: [0, 0], release: "b,a" }
    ],
    [
      "keeps the last failure of an index until its next pod",
      { ...indexed, backoffLimitPerIndex: 3 },
      {},
      [failed("a", { index: 0, failures: 0, endedFor: 9 }), failed("b", { index: 0, failures: 1, endedFor: 3 })],
      undefined,
      [],
      { failed: ["a"], counts: [0, 0], release: "a" }
    ],
    [
      "lets it go then",
      { ...indexed, backoffLimitPerIndex: 3 },
      {},
      [failed("a", { index: 0, failures: 0 }), pod("b", { index: 0, failures: 1 })],
      undefined,
      [],
      { failed: ["a"], counts: [0, 0], release: "a" }
    ],
    [
      "names lost indexes",
      { ...indexed, backoffLimitPerIndex: 0 },
      {},
      [failed("a", { index: 2 })],
      undefined,
      [],
      { failed: ["a"], counts: [0, 0], release: "a", failedIndexes: "2" }
    ]
  ] as ReadonlyArray<
    readonly [string, Partial<JobSpec>, JobStatus, ReadonlyArray<Pod>, Ending | undefined, ReadonlyArray<string>, object]
  >) {
    test(what, () => expect(entry(spec, status, pods, ending, released)).toEqual(expected as ReturnType<typeof entry>))
  }

  test("takes so many pods at once, and the others later", () => {
    const pods = Array.from({ length: 700 }, (_, at) => failed(`p${at}`))
    const all = situation(job({ backoffLimit: 1000 }), pods)
    const { status, release, isAll } = enter(all, tally(all), undefined)
    expect([status.uncountedTerminatedPods?.failed?.length, release.length, isAll]).toEqual([500, 500, false])
  })
})

describe("the end", () => {
  test("of a Job at rest has a start time, unless there was nothing to do", () => {
    const time = Date.parse("2026-01-01T12:00:00Z")
    expect(finish(job({ suspend: true }), {}, failing, time)?.startTime).toBe("2026-01-01T12:00:00Z")
    expect(finish(job({ suspend: true, completions: 0 }), {}, completed, time)?.startTime).toBeUndefined()
  })

  test("is said when everybody is counted and nobody on the way out", () => {
    const ready: JobStatus = { startTime: "2026-01-01T00:00:00Z", terminating: 0 }
    expect(finish(job(), { ...ready, terminating: 1 }, completed, 0)).toBeUndefined()
    expect(finish(job(), { ...ready, uncountedTerminatedPods: { failed: ["a"] } }, completed, 0)).toBeUndefined()
    const status = finish(job(), ready, completed, Date.parse("2026-01-01T12:00:00Z"))
    expect(status?.completionTime).toBe("2026-01-01T12:00:00Z")
    expect(status?.conditions?.map(({ type }) => type)).toEqual(["Complete"])
    expect(finish(job(), ready, failing, 0)?.completionTime).toBeUndefined()
  })
})

test("stopped between any two steps, a Job counts every pod once", () => {
  const ends = [done("a"), failed("b"), done("c"), failed("d")]
  // After which step each of five passes is stopped: noting, letting go of some, letting go of all, counting.
  for (let way = 0; way < 4 ** 5; way++) {
    let status: JobStatus = {}
    let pods: ReadonlyArray<Pod> = ends
    const pass = (stop: number) => {
      const all = situation(job({ completions: 9, backoffLimit: 9 }, status), pods)
      const { status: noted, release } = enter(all, tally(all), undefined)
      status = noted
      const gone = new Set(release.slice(0, stop === 0 ? 0 : stop === 1 ? 1 : release.length))
      pods = pods.filter((one) => !gone.has(one))
      if (stop === 3) status = settle(status, new Set(pods.map(({ metadata }) => metadata?.uid ?? "")))
      const sum = tally(situation(job({ completions: 9 }, status), pods))
      expect([sum.succeeded, sum.failed]).toEqual([2, 2])
    }
    for (let at = 0; at < 5; at++) pass(Math.floor(way / 4 ** at) % 4)
    pass(3)
    expect([status.succeeded, status.failed, status.uncountedTerminatedPods]).toEqual([2, 2, {}])
  }
})
