/** Helpers of tsukube's own tests. @module */
export { effect, live } from "./effect.ts"
export { eventually } from "./eventually.ts"
export { requireTool } from "./require-tool.ts"
