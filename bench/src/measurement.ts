/** What a benchmark reports: one case, ours beside a peer, always as a ratio. @module */

/** One number of ours beside the peer's, measured in the same run on the same machine. */
export interface Measurement {
  readonly bench: string
  readonly case: string
  readonly ours: number
  readonly peer: number
  /** Who the peer is, with its version; `budget` where the bound is a promise of ours and no peer does the same job. */
  readonly peerName: string
  readonly unit: string
  readonly better: "higher" | "lower"
  /** ours / peer. */
  readonly ratio: number
  /** What the ratio is promised to be: at least where higher is better, else at most. Absent: nothing is promised. */
  readonly bound?: number
}

/** A side of a comparison: run once a round, returns one number per case. */
export type Side = () => Promise<Readonly<Record<string, number>>>

/** One benchmark: rounds of ours and the peer in turn. */
export interface Benchmark {
  readonly name: string
  /** One sentence for `--help`. */
  readonly about: string
  readonly unit: (caseName: string) => string
  readonly better: (caseName: string) => "higher" | "lower"
  /** The promised ratio of a case. */
  readonly bound?: (caseName: string) => number | undefined
  readonly rounds: number
  /** Prepares both sides; undefined with a word about what is missing when the peer cannot run here. */
  readonly prepare: () => Promise<Prepared>
}

export interface Prepared extends AsyncDisposable {
  readonly ours: Side
  readonly peer: Side
  readonly peerName: string
}

/** Whether a promise was kept. */
export const holds = ({ ratio, bound, better }: Measurement): boolean =>
  bound === undefined || (better === "higher" ? ratio >= bound : ratio <= bound)

/** The middle of the numbers; the mean of the two middle ones when they are even. */
export const median = (numbers: ReadonlyArray<number>): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? Number.NaN)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/** Runs the sides in turn, so that a slow moment of the machine hits both, and takes the medians over the rounds. */
export const measure = async (benchmark: Benchmark, progress: (line: string) => void): Promise<ReadonlyArray<Measurement>> => {
  await using prepared = await benchmark.prepare()
  const rounds: Array<readonly [ours: Readonly<Record<string, number>>, peer: Readonly<Record<string, number>>]> = []
  for (let round = 1; round <= benchmark.rounds; round++) {
    progress(`${benchmark.name}: round ${round} of ${benchmark.rounds}`)
    // Who goes first changes with the round.
    const [first, second] = round % 2 === 1 ? [prepared.ours, prepared.peer] : [prepared.peer, prepared.ours]
    const [a, b] = [await first(), await second()]
    rounds.push(round % 2 === 1 ? [a, b] : [b, a])
  }
  return Object.keys(rounds[0]?.[0] ?? {}).map((name) => {
    const ours = median(rounds.map(([numbers]) => numbers[name] ?? Number.NaN))
    const peer = median(rounds.map(([, numbers]) => numbers[name] ?? Number.NaN))
    const bound = benchmark.bound?.(name)
    return {
      bench: benchmark.name,
      case: name,
      ours,
      peer,
      peerName: prepared.peerName,
      unit: benchmark.unit(name),
      better: benchmark.better(name),
      // The median of the ratios per round would hide nothing either; the ratio of the medians is what a reader can check.
      ratio: ours / peer,
      ...(bound === undefined ? {} : { bound })
    }
  })
}
