/** Which errors a cluster lives through. */
import { expect, test } from "bun:test"
import { isLateWrite } from "./late-write.ts"

const thrown = (stack: string): TypeError =>
  Object.assign(new TypeError("null is not an object (evaluating 'socket.write')"), { stack })

test("the driver's late write, and nothing else", () => {
  const stack = "TypeError: null\n    at nextWrite (/srv/node_modules/postgres/src/connection.js:255:15)"
  expect(isLateWrite(thrown(stack))).toBe(true)
  expect(isLateWrite(thrown("TypeError: null\n    at nextWrite (/srv/app.ts:1:1)"))).toBe(false)
  expect(isLateWrite(thrown("TypeError: null\n    at ask (/srv/node_modules/postgres/src/connection.js:1:1)"))).toBe(false)
  expect(isLateWrite(new Error("nextWrite /postgres/"))).toBe(false)
})
