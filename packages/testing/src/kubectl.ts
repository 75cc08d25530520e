/** Runs the real `kubectl` against a kubeconfig, for the end-to-end tests. @module */
import { spawn } from "node:child_process"

/** What one call of kubectl printed. */
export interface KubectlResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

export interface KubectlOptions {
  /** Handed to kubectl on standard input, for `-f -`. */
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  /** Kills kubectl after this long; default 60 s. */
  readonly timeoutMs?: number
  /** Return a non-zero exit instead of throwing. */
  readonly mayFail?: boolean
}

/** The real kubectl, bound to one kubeconfig. */
export interface Kubectl {
  /** Runs `kubectl …args`; throws with its standard error when it fails, unless `mayFail`. */
  (args: ReadonlyArray<string> | string, options?: KubectlOptions): Promise<KubectlResult>
  /** Runs with `-o json` and parses the answer. */
  readonly json: <A = unknown>(args: ReadonlyArray<string> | string, options?: KubectlOptions) => Promise<A>
}

const words = (args: ReadonlyArray<string> | string): ReadonlyArray<string> =>
  typeof args === "string" ? args.split(/\s+/).filter(Boolean) : args

/** A `Kubectl` for this kubeconfig; its cache folder is the test's own, so that discovery is always asked anew. */
export const kubectlFor = (kubeconfig: string, cacheDir: string): Kubectl => {
  const call = (args: ReadonlyArray<string> | string, options: KubectlOptions = {}): Promise<KubectlResult> =>
    new Promise((resolve, reject) => {
      const list = ["--kubeconfig", kubeconfig, "--cache-dir", cacheDir, ...words(args)]
      const env = { ...process.env, ...options.env }
      const child = spawn("kubectl", list, { env, timeout: options.timeoutMs ?? 60_000, stdio: ["pipe", "pipe", "pipe"] })
      let stdout = ""
      let stderr = ""
      child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
      child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
      child.on("error", reject)
      child.on("close", (code) => {
        const result = { stdout, stderr, exitCode: code ?? 1 }
        if (result.exitCode === 0 || options.mayFail === true) resolve(result)
        else reject(new Error(`kubectl ${words(args).join(" ")} exited with ${result.exitCode}\n${stderr}${stdout}`))
      })
      child.stdin.end(options.stdin ?? "")
    })
  const json = async <A>(args: ReadonlyArray<string> | string, options?: KubectlOptions): Promise<A> =>
    JSON.parse((await call([...words(args), "-o", "json"], options)).stdout)
  return Object.assign(call, { json })
}
