/** Helpers of tsukube's own tests. @module */
export { effect, live } from "./effect.ts"
export { eventually } from "./eventually.ts"
export { type Kubectl, type KubectlOptions, type KubectlResult, kubectlFor } from "./kubectl.ts"
export { onPath, requireTool } from "./require-tool.ts"
