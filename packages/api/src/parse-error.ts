/** What a parser throws when text is not of its form; the message is what upstream says. @module */
import * as Data from "effect/Data"

/** Text that cannot be read as a quantity, a selector or the like. */
export class ParseError extends Data.Error<{ readonly message: string }> {
  readonly _tag = "ParseError"
}
