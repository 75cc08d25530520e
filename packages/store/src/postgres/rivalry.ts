/** Whether to decide commits ourselves or to leave that to the database, where others write as well. @module */

/** After a decision of ours was void, so many batches are left to the database at first, and twice as many each further time. */
const firstRest = 2
const longestRest = 256
/** So many decisions that held make the next rest a short one again. */
const peaceBatches = 32

/** What a writer remembers of the others. */
export interface Rivalry {
  /** Better leave the next batch to the database: a void decision costs a round trip. */
  readonly isFelt: () => boolean
  /** Somebody else wrote where we thought to be alone. */
  readonly met: () => void
  /** A batch was decided by the database. */
  readonly rested: () => void
  /** A decision of ours held. */
  readonly held: () => void
}

/** Alone, until somebody is met. */
export const makeRivalry = (): Rivalry => {
  let left = 0
  let next = firstRest
  let heldInRow = 0
  return {
    isFelt: () => left > 0,
    met: () => {
      // Batches that were on their way together are void together, which is one meeting.
      if (left > 0) return
      left = next
      next = Math.min(next * 2, longestRest)
      heldInRow = 0
    },
    rested: () => {
      if (left > 0) left--
    },
    held: () => {
      if (++heldInRow === peaceBatches) next = firstRest
    }
  }
}
