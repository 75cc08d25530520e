/** Waits for a condition of a live system, by asking again, never by guessing how long it takes. @module */

/** Asks `probe` every `everyMs` until it returns something else than `undefined` or `false`; throws what it last said after `withinMs`. */
export const eventually = async <A>(
  probe: () => Promise<A | undefined | false> | A | undefined | false,
  options: { readonly withinMs?: number; readonly everyMs?: number; readonly what?: string } = {}
): Promise<A> => {
  const { withinMs = 20_000, everyMs = 20, what = "the condition" } = options
  const deadline = performance.now() + withinMs
  let last: unknown
  for (;;) {
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== false) return answer
      last = answer
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) throw new Error(`${what} did not come true within ${withinMs} ms; last: ${String(last)}`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
