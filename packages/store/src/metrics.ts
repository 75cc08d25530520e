/** What a store tells about itself, as Effect's metrics: read them with `Metric.snapshot`, or export them as Prometheus text. @module */
import type { Context } from "effect"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"

const seconds = Metric.exponentialBoundaries({ start: 0.0005, factor: 2, count: 16 })
const counts = Metric.exponentialBoundaries({ start: 1, factor: 2, count: 15 })

const commits = Metric.counter("tsukube_store_commits_total", { description: "commits acknowledged" })
const conflicts = Metric.counter("tsukube_store_conflicts_total", {
  description: "commits refused since a key had another revision"
})
const failures = Metric.counter("tsukube_store_commit_failures_total", {
  description: "commits that failed for any other reason"
})
const settled = Metric.counter("tsukube_store_settled_batches_total", {
  description: "batches whose connection was lost and whose outcome was found out afterwards"
})
const decided = Metric.counter("tsukube_store_decided_batches_total", {
  description: "batches that the writer decided by itself, since it knew every key and nobody else wrote"
})
const commitSeconds = Metric.histogram("tsukube_store_commit_seconds", {
  description: "from the call to the answer of a commit",
  boundaries: seconds
})
const batchSeconds = Metric.histogram("tsukube_store_batch_seconds", {
  description: "from sending a batch to the database to its answer",
  boundaries: seconds
})
const batchCommits = Metric.histogram("tsukube_store_batch_commits", { description: "commits in one batch", boundaries: counts })
const queueCommits = Metric.histogram("tsukube_store_queue_commits", {
  description: "commits that wait when a batch is sent",
  boundaries: counts
})
const notifySeconds = Metric.histogram("tsukube_store_notify_seconds", {
  description: "from the answer of a batch to the moment this store's watchers are handed its commits",
  boundaries: seconds
})
const watchChanges = Metric.histogram("tsukube_store_watch_changes", {
  description: "changes that waited for a watcher when it took them",
  boundaries: counts
})
const watchLags = Metric.counter("tsukube_store_watch_lags_total", {
  description: "times a watcher fell so far behind that it had to read from the log"
})

/** Where a store reports to: plain functions, cheap enough for each commit. */
export interface Meter {
  readonly committed: (tookMs: number) => void
  readonly conflicted: () => void
  readonly failed: () => void
  readonly settled: () => void
  readonly decided: () => void
  readonly batch: (commits: number, waiting: number, tookMs: number) => void
  readonly notified: (tookMs: number) => void
  readonly taken: (changes: number) => void
  readonly lagged: () => void
}

/** A meter that writes to the metrics of the current context. */
export const makeMeter: Effect.Effect<Meter> = Effect.map(
  Effect.context<never>(),
  (context: Context.Context<never>): Meter => ({
    committed: (tookMs) => {
      commits.updateUnsafe(1, context)
      commitSeconds.updateUnsafe(tookMs / 1000, context)
    },
    conflicted: () => conflicts.updateUnsafe(1, context),
    failed: () => failures.updateUnsafe(1, context),
    settled: () => settled.updateUnsafe(1, context),
    decided: () => decided.updateUnsafe(1, context),
    batch: (commits, waiting, tookMs) => {
      batchCommits.updateUnsafe(commits, context)
      queueCommits.updateUnsafe(waiting, context)
      batchSeconds.updateUnsafe(tookMs / 1000, context)
    },
    notified: (tookMs) => notifySeconds.updateUnsafe(tookMs / 1000, context),
    taken: (changes) => watchChanges.updateUnsafe(changes, context),
    lagged: () => watchLags.updateUnsafe(1, context)
  })
)
