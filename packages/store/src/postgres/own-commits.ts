/** What a writer decided, in the words in which the log would tell it. @module */
import type { Commit } from "../hub.ts"
import type { Change } from "../store.ts"
import type { Row } from "./ledger.ts"

/** The rows of a batch as commits, without the values before. */
export const ownCommits = (rows: ReadonlyArray<Row>): ReadonlyArray<Commit> => {
  const commits: Array<Array<Change>> = []
  let current: Array<Change> = []
  for (const { key, value, revision, createRevision, previousRevision } of rows) {
    const change: Change = {
      revision: BigInt(revision),
      key,
      value,
      createRevision: BigInt(createRevision),
      previousRevision: createRevision === revision ? 0n : BigInt(previousRevision)
    }
    if (current[0]?.revision === change.revision) current.push(change)
    else {
      current = [change]
      commits.push(current)
    }
  }
  return commits
}
