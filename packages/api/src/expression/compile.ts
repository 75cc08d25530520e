/** Expressions (CEL) as far as it can be told that they are right, without running them. @module */
import { checkNode, type Scope } from "./check.ts"
import { parse } from "./parse.ts"
import type { Complaint } from "./token.ts"
import { type Type, unknown } from "./type.ts"

/** The type of what an expression gives, and what is wrong with it, if anything. */
export interface Compiled {
  readonly type: Type
  readonly problem?: string
}

/** Compiles an expression. What cannot be told for sure is taken to be right. */
export const compile = (source: string, scope: Scope): Compiled => {
  const parsed = parse(source)
  const checked = parsed.node === undefined ? { type: unknown, complaints: parsed.complaints } : checkNode(parsed.node, scope)
  if (checked.complaints.length === 0) return { type: checked.type }
  const text = checked.complaints.map((complaint) => pointed(source, complaint)).join("\n")
  return { type: unknown, problem: `compilation failed: ${text}` }
}

const isWide = (sign: string): boolean => (sign.codePointAt(0) ?? 0) > 0x7f

/** A complaint with the line that it is of, and a mark below the place. */
const pointed = (source: string, { at, message }: Complaint): string => {
  const start = source.lastIndexOf("\n", at - 1) + 1
  const end = source.indexOf("\n", at)
  const line = source.slice(start, end < 0 ? source.length : end)
  const before = [...source.slice(start, at)]
  const row = source.slice(0, start).split("\n").length
  const dots = before.map((sign) => (isWide(sign) ? "．" : ".")).join("")
  const mark = isWide(source.slice(at)) ? "＾" : "^"
  return `ERROR: <input>:${row}:${before.length + 1}: ${message}\n | ${line.replaceAll("\t", " ")}\n | ${dots}${mark}`
}
