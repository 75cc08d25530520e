/** Reads the compressed headers of SPDY/3: name and value pairs in one zlib stream with a dictionary that the protocol fixes. @module */
import { constants, createInflate } from "node:zlib"
import { uint32 } from "./spdy-frames.ts"

/** The dictionary of SPDY/3 (draft-mbelshe-httpbis-spdy-00, section 2.6.10.1): words behind their lengths, then plain text. */
const words =
  "options|head|post|put|delete|trace|accept|accept-charset|accept-encoding|accept-language|accept-ranges|age|allow|authorization|cache-control|connection|content-base|content-encoding|content-language|content-length|content-location|content-md5|content-range|content-type|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|if-unmodified-since|last-modified|location|max-forwards|pragma|proxy-authenticate|proxy-authorization|range|referer|retry-after|server|te|trailer|transfer-encoding|upgrade|user-agent|vary|via|warning|www-authenticate|method|get|status|200 OK|version|HTTP/1.1|url|public|set-cookie|keep-alive|origin"
const tail =
  "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
const dictionary = Buffer.concat([
  ...words.split("|").flatMap((word) => [uint32(word.length), Buffer.from(word)]),
  Buffer.from(tail)
])

const plainLimit = 64 * 1024

/** Reads one block after the other, in the order in which they came. Rejects when a block is no such thing, or swells beyond reason. */
export const makeHeaderReader = (): ((block: Buffer) => Promise<Readonly<Record<string, string>>>) => {
  const inflate = createInflate({ dictionary, flush: constants.Z_SYNC_FLUSH })
  let parts: Array<Buffer> = []
  let size = 0
  let fail: (error: Error) => void = () => undefined
  inflate.on("error", (error) => fail(error))
  inflate.on("data", (part: Buffer) => {
    size += part.length
    if (size > plainLimit) inflate.destroy(new RangeError("headers too long"))
    else parts.push(part)
  })
  return (block) =>
    new Promise((resolve, reject) => {
      parts = []
      size = 0
      fail = reject
      inflate.write(block, () => {
        try {
          resolve(pairsOf(Buffer.concat(parts)))
        } catch (error) {
          reject(error)
        }
      })
    })
}

const pairsOf = (plain: Buffer): Readonly<Record<string, string>> => {
  let at = 0
  const number = (): number => {
    const value = plain.readUInt32BE(at)
    at += 4
    return value
  }
  const text = (): string => {
    const length = number()
    at += length
    if (at > plain.length) throw new RangeError("headers end too early")
    return plain.toString("utf8", at - length, at)
  }
  const pairs: Array<readonly [string, string]> = []
  for (let left = number(); left > 0; left--) pairs.push([text().toLowerCase(), text()])
  return Object.fromEntries(pairs)
}
