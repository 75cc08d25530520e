/** Delays that double each time something fails again, and are forgotten after it went well for long. @module */

/** A back-off of one kind, for many keys. Times are milliseconds and given by the caller. */
export interface BackOff {
  /** How long is left to wait at `now`, for a failure that happened at `failedAt`; 0 = go on. */
  readonly remaining: (key: string, failedAt: number, now: number) => number
  /** The delay that applies to the key, for messages. */
  readonly delayOf: (key: string) => number
  /** Doubles the key's delay: call it when the thing is tried again. */
  readonly next: (key: string, failedAt: number, now: number) => void
  /** Forgets keys that start with `prefix`. */
  readonly forget: (prefix: string) => void
}

/** Starts at `initialMs`, doubles up to `limitMs`; a failure twice `limitMs` after the last try begins anew, as upstream. */
export const makeBackOff = (initialMs: number, limitMs: number): BackOff => {
  const entries = new Map<string, { delayMs: number; triedAt: number }>()
  const current = (key: string, failedAt: number) => {
    const entry = entries.get(key)
    return entry !== undefined && failedAt - entry.triedAt <= 2 * limitMs ? entry : undefined
  }
  return {
    remaining: (key, failedAt, now) => {
      const entry = current(key, failedAt)
      return entry === undefined ? 0 : Math.max(0, failedAt + entry.delayMs - now)
    },
    delayOf: (key) => entries.get(key)?.delayMs ?? 0,
    next: (key, failedAt, now) => {
      const entry = current(key, failedAt)
      entries.set(key, { delayMs: entry === undefined ? initialMs : Math.min(entry.delayMs * 2, limitMs), triedAt: now })
    },
    forget: (prefix) => {
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key)
    }
  }
}

/** A delay as Go prints it, for messages: `10s`, `1m20s`, `5m0s`. */
export const formatDelay = (ms: number): string => {
  const seconds = Math.round(ms / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
