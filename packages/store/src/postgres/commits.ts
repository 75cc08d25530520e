/** Changes, as the rows of the log or of a batch tell them one by one, put together as commits. @module */
import type { Commit } from "../hub.ts"
import type { Change } from "../store.ts"
import type { Row } from "./ledger.ts"

/** Changes in the order of the log, by commit. */
export const commitsOf = (changes: ReadonlyArray<Change>): ReadonlyArray<Commit> => {
  const commits: Array<Array<Change>> = []
  let current: Array<Change> = []
  for (const change of changes) {
    if (current[0]?.revision === change.revision) current.push(change)
    else {
      current = [change]
      commits.push(current)
    }
  }
  return commits
}

/** What a writer decided, in the words in which the log would tell it, without the values before. */
export const ownCommits = (rows: ReadonlyArray<Row>): ReadonlyArray<Commit> =>
  commitsOf(
    rows.map(({ key, value, revision, createRevision, previousRevision }) => ({
      revision: BigInt(revision),
      key,
      value,
      createRevision: BigInt(createRevision),
      previousRevision: createRevision === revision ? 0n : BigInt(previousRevision)
    }))
  )
