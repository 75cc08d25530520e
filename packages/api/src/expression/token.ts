/** The words of expressions (CEL). @module */

/** What kind a word is of: a sign is its own kind. */
export type TokenKind = "name" | "quoted" | "int" | "uint" | "double" | "string" | "bytes" | "sign" | "end"

/** A word, and where in the text it starts. */
export interface Token {
  readonly kind: TokenKind
  readonly text: string
  readonly at: number
}

/** What is wrong with an expression, and where. */
export interface Complaint {
  readonly at: number
  readonly message: string
}

const escapes = String.raw`\\(?:[abfnrtv"'\\?${"`"}]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})`
const cooked = (mark: string): string =>
  `${mark}{3}(?:[^\\\\]|${escapes})*?${mark}{3}|${mark}(?:[^${mark}\\\\\\n\\r]|${escapes})*${mark}`
const raw = (mark: string): string => `${mark}{3}[^]*?${mark}{3}|${mark}[^${mark}\\n\\r]*${mark}`
const plainText = `${cooked('"')}|${cooked("'")}`
const rawText = `[rR](?:${raw('"')}|${raw("'")})`
const rawBytes = `(?:[bB][rR]|[rR][bB])(?:${raw('"')}|${raw("'")})`

const sticky = (source: string): RegExp => new RegExp(source, "y")
const blank = sticky(String.raw`(?:[\t\n\f\r ]|//[^\n]*)+`)
const words: ReadonlyArray<readonly [TokenKind, RegExp]> = [
  ["bytes", sticky(`${rawBytes}|[bB](?:${plainText})`)],
  ["string", sticky(`${rawText}|${plainText}`)],
  ["double", sticky(String.raw`(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)`)],
  ["uint", sticky("(?:0x[0-9a-fA-F]+|[0-9]+)[uU]")],
  ["int", sticky("0x[0-9a-fA-F]+|[0-9]+")],
  ["name", sticky("[A-Za-z_][A-Za-z0-9_]*")],
  ["quoted", sticky("`[A-Za-z0-9_.\\-/ ]+`")],
  ["sign", sticky(String.raw`==|!=|<=|>=|&&|\|\||[-+*/%<>!?:.,()[\]{}]`)]
]
/** A text as far as it is one, or half a sign with what follows it. */
const broken = sticky(`["'][^\\n]*|[=&|][^]?|[^]`)

/** The words of an expression, an end, and what is none. */
export const tokensOf = (
  source: string
): { readonly tokens: ReadonlyArray<Token>; readonly complaints: ReadonlyArray<Complaint> } => {
  const tokens: Array<Token> = []
  const complaints: Array<Complaint> = []
  const match = (pattern: RegExp, at: number): string => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0] ?? ""
  }
  let at = 0
  while (at < source.length) {
    at += match(blank, at).length
    if (at >= source.length) break
    let text = ""
    for (const [kind, pattern] of words) {
      text = match(pattern, at)
      if (text === "") continue
      tokens.push({ kind, text, at })
      break
    }
    if (text === "") {
      text = match(broken, at)
      complaints.push({ at, message: `Syntax error: token recognition error at: '${text}'` })
    }
    at += text.length
  }
  tokens.push({ kind: "end", text: "<EOF>", at: source.length })
  return { tokens, complaints }
}
