/** Decides the command line that starts a program in other namespaces, as another user, and tied to its parent's life. @module */

/** Where and as whom a program runs. */
export interface Placement {
  /** Path of a network namespace, such as `/run/netns/node-1`. */
  readonly netns?: string
  /** Path of a mount namespace bound to a file, as `createMountNamespace` makes it. */
  readonly mountNs?: string
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  /** The signal the kernel sends to the program when its parent dies; undefined: none. */
  readonly deathSignal?: string
}

/** The tools found on this machine; undefined: not installed. */
export interface PlacementTools {
  readonly nsenter: string | undefined
  readonly setpriv: string | undefined
}

/** A command line, and the user that the spawning call itself has to switch to, when no wrapper does. */
export interface PlacedCommand {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly uid?: number
  readonly gid?: number
}

/**
 * Wraps a command. Entering namespaces needs root and a change of user clears the death signal, so the order is fixed:
 * nsenter first, then setpriv, which changes the user and sets the signal last, then the program. No wrapper forks: the pid stays the program's.
 */
export const placedCommand = (
  command: string,
  args: ReadonlyArray<string>,
  placement: Placement,
  tools: PlacementTools
): PlacedCommand => {
  const { netns, mountNs, cwd, uid, gid, deathSignal } = placement
  const words: Array<string> = []
  if (netns !== undefined || mountNs !== undefined) {
    words.push(tools.nsenter ?? "nsenter")
    if (netns !== undefined) words.push(`--net=${netns}`)
    // A new mount namespace starts in its root folder: the working folder is looked up again inside.
    if (mountNs !== undefined) words.push(`--mount=${mountNs}`, ...(cwd === undefined ? [] : [`--wdns=${cwd}`]))
    words.push("--")
  }
  const wrapsUser = tools.setpriv !== undefined && (deathSignal !== undefined || words.length > 0)
  if (wrapsUser && (uid !== undefined || gid !== undefined || deathSignal !== undefined)) {
    words.push(tools.setpriv)
    if (gid !== undefined) words.push(`--regid=${gid}`)
    if (uid !== undefined) words.push(`--reuid=${uid}`)
    if (uid !== undefined || gid !== undefined) words.push("--clear-groups")
    if (deathSignal !== undefined) words.push("--pdeathsig", deathSignal)
    words.push("--")
  }
  words.push(command, ...args)
  return {
    command: words[0]!,
    args: words.slice(1),
    ...(!wrapsUser && uid !== undefined ? { uid } : {}),
    ...(!wrapsUser && gid !== undefined ? { gid } : {})
  }
}
