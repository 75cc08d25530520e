/** The YAML library, loaded by the first body or answer that is YAML: most servers see none, and it takes as long to load as all verbs. @module */
import { createRequire } from "node:module"

// Not `import()`: bodies are parsed and answers written in functions that wait for nothing.
const require = createRequire(import.meta.url)

export const yaml = (): typeof import("yaml") => require("yaml")
