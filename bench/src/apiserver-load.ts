/** The client side of the API server's benchmark, in a process of its own so that the server's CPU time is the server's: prints one line when done. @module */
import { connect } from "node:http2"

const [url = "", path = "", count = "1", concurrency = "1"] = process.argv.slice(2)
const ca = process.env["BENCH_CA"] ?? ""
const cert = process.env["BENCH_CERT"] ?? ""
const key = process.env["BENCH_KEY"] ?? ""
const session = connect(url, { ca, cert, key })

const once = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ":path": path })
    let bytes = 0
    stream.on("data", (chunk) => (bytes += chunk.length))
    stream.on("end", () => resolve(bytes))
    stream.on("error", reject)
  })

let left = Number(count)
const worker = async (): Promise<number> => {
  let bytes = 0
  while (left-- > 0) bytes += await once()
  return bytes
}
const all = await Promise.all(Array.from({ length: Number(concurrency) }, worker))
console.log(all.reduce((sum, bytes) => sum + bytes, 0))
session.close()
process.exit()
