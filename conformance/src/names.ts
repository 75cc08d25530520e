/** The names of Kubernetes v1.36's conformance tests, and which of them must run alone. @module */
import { readFile } from "node:fs/promises"
import { join } from "node:path"

const folder = join(import.meta.dirname, "..")

/** One name a line; empty lines and lines that begin with `#` say nothing. */
export const parseNames = (text: string): ReadonlyArray<string> =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))

/** Reads such a file. */
export const readNames = async (file: string): Promise<ReadonlyArray<string>> => parseNames(await readFile(file, "utf8"))

/** Every conformance test of v1.36. */
export const upstreamNames = (): Promise<ReadonlyArray<string>> => readNames(join(folder, "names.txt"))

/** Those that upstream marks as Serial: they change or fill what other tests need. */
export const serialNames = (): Promise<ReadonlyArray<string>> => readNames(join(folder, "serial.txt"))
