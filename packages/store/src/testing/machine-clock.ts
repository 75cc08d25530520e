/** A clock that all processes of a machine share and nobody can set: what one process ended before another began has the lower time. @module */
import { dlopen, ptr } from "bun:ffi"

const monotonic = 1
const library = process.platform === "darwin" ? "libSystem.dylib" : "libc.so.6"
const { symbols } = dlopen(library, { clock_gettime: { args: ["i32", "ptr"], returns: "i32" } })
const time = new BigInt64Array(2)
const place = ptr(time)

/** Milliseconds, with a fraction, since some moment before all processes. */
export const machineMs = (): number => {
  symbols.clock_gettime(monotonic, place)
  return Number(time[0]) * 1e3 + Number(time[1]) / 1e6
}
