/** The files of a volume as plain data, before anything is written. @module */

/** One file: its path below the volume, what is in it, and its permissions. */
export interface VolumeFile {
  readonly path: string
  readonly content: Uint8Array
  readonly mode: number
}

/** A volume that cannot be made; the message is what the FailedMount event says. */
export class VolumeError extends Error {
  readonly _tag = "VolumeError"
}

/** A key of a config map or secret, and where it goes. */
export interface KeyToFile {
  readonly key: string
  readonly path: string
  readonly mode?: number
}

/** All keys as files of their own name, or the listed ones where they should go. */
export const filesOfKeys = (
  data: ReadonlyMap<string, Uint8Array>,
  items: ReadonlyArray<KeyToFile> | undefined,
  options: { readonly defaultMode: number; readonly optional: boolean }
): ReadonlyArray<VolumeFile> => {
  if (items === undefined) return [...data].map(([path, content]) => ({ path, content, mode: options.defaultMode }))
  return items.flatMap(({ key, path, mode }) => {
    const content = data.get(key)
    if (content !== undefined) return [{ path, content, mode: mode ?? options.defaultMode }]
    if (options.optional) return []
    throw new VolumeError(`references non-existent config key: ${key}`)
  })
}

/** Refuses paths that would leave the volume. */
export const checkPath = (path: string): void => {
  if (path === "" || path.startsWith("/") || path.split("/").includes("..") || path.startsWith(".."))
    throw new VolumeError(`invalid path: ${JSON.stringify(path)}`)
}
