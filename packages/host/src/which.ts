/** Finds programs, and says who we are. @module */
import { accessSync, constants, statSync } from "node:fs"
import { delimiter, isAbsolute, join } from "node:path"

/** Where system tools live on machines whose users have a short PATH. */
const systemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin"]

const isExecutableFile = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The path of an executable by name, searched on the PATH and then in the system's usual folders; undefined when it is not installed. */
export const which = (name: string): string | undefined => {
  if (isAbsolute(name)) return isExecutableFile(name) ? name : undefined
  const folders = [...(process.env["PATH"] ?? "").split(delimiter).filter(Boolean), ...systemFolders]
  return folders.map((folder) => join(folder, name)).find(isExecutableFile)
}

/** Whether this process is root, as namespaces, mounts and packet filters require. */
export const isRoot = (): boolean => process.geteuid?.() === 0
