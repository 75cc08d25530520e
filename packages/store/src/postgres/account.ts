/** Which user a private PostgreSQL runs as: it refuses root, so root lends it another user, who must be able to reach its files. @module */
import { readFileSync, type Stats, statSync } from "node:fs"
import { dirname } from "node:path"
import { isRoot, which } from "@tsukube/host"

/** A user to run as. */
export interface Account {
  readonly uid: number
  readonly gid: number
  /**
   * The path to the data or the programs leads through a folder this user may not enter, such as `/root`. The program is then given
   * the one capability to pass through (`dac_read_search`), instead of opening the folder to everybody or moving the data elsewhere.
   */
  readonly passesFolders: boolean
}

const nobody = (): { readonly uid: number; readonly gid: number } => {
  const line = /^nobody:[^:]*:(\d+):(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"))
  return { uid: Number(line?.[1] ?? 65_534), gid: Number(line?.[2] ?? 65_534) }
}

const mayEnter = ({ mode, uid, gid }: Stats, account: { readonly uid: number; readonly gid: number }): boolean => {
  if (uid === account.uid) return (mode & 0o100) !== 0
  return (mode & (gid === account.gid ? 0o010 : 0o001)) !== 0
}

const reaches = (path: string, account: { readonly uid: number; readonly gid: number }): boolean => {
  for (let folder = path; ; folder = dirname(folder)) {
    if (!mayEnter(statSync(folder), account)) return false
    if (folder === dirname(folder)) return true
  }
}

/** The user for a database in `owned` (the user who owns it already, else `nobody`), or undefined when we are not root and run it as ourselves. */
export const accountFor = (owned: Stats | undefined, folders: ReadonlyArray<string>): Account | undefined => {
  if (!isRoot()) return undefined
  const account = owned === undefined || owned.uid === 0 ? nobody() : { uid: owned.uid, gid: owned.gid }
  return { ...account, passesFolders: !folders.every((folder) => reaches(folder, account)) }
}

/** The words before a command that runs it as an account with the capability to pass through folders, ended by `signal` when we die. */
export const passingCommand = (account: Account, signal: string): ReadonlyArray<string> | undefined => {
  const setpriv = which("setpriv")
  if (setpriv === undefined) return undefined
  const user = [`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups", "--pdeathsig", signal]
  return [setpriv, ...user, "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search", "--"]
}
