/** Secrets as files. @module */
import type { KeyToPath, Secret } from "@tsukube/api/core-v1"
import { filesOfKeys, VolumeError, type VolumeFile } from "./files.ts"

/** Which secret, and how. */
export interface SecretSource {
  readonly name?: string
  readonly items?: ReadonlyArray<KeyToPath>
  readonly optional?: boolean
}

/** The files of a secret; of a missing optional one there are none. */
export const secretFiles = (source: SecretSource, secret: Secret | undefined, defaultMode: number): ReadonlyArray<VolumeFile> => {
  const optional = source.optional === true
  if (secret === undefined && !optional) throw new VolumeError(`secret "${source.name ?? ""}" not found`)
  const data = Object.entries(secret?.data ?? {}).map(
    ([key, value]) => [key, new Uint8Array(Buffer.from(value, "base64"))] as const
  )
  return filesOfKeys(new Map(data), source.items, { defaultMode, optional })
}
