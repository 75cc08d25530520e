/** Writes container images as OCI archives, from files given in memory or found on the machine: no builder, no registry. @module */
import { createHash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { type TarEntry, tarOf } from "./tar.ts"

/** What an image runs by default. */
export interface ImageConfig {
  readonly entrypoint?: ReadonlyArray<string>
  readonly command?: ReadonlyArray<string>
  readonly environment?: ReadonlyArray<string>
  readonly workingDir?: string
  readonly user?: string
}

/** An image to write. */
export interface ImageSpec {
  /** With registry and tag, as `docker.io/library/busybox:1.36`. */
  readonly name: string
  readonly files: ReadonlyArray<TarEntry>
  readonly config: ImageConfig
}

const architectures: Readonly<Record<string, string>> = { x64: "amd64" }
const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

/** An OCI archive with one image of one layer, which `ctr images import` takes. */
export const imageArchive = (image: ImageSpec): Uint8Array => {
  const blobs: Array<TarEntry> = []
  const put = (mediaType: string, bytes: Uint8Array) => {
    const digest = digestOf(bytes)
    blobs.push({ path: `blobs/sha256/${digest}`, content: bytes })
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length }
  }
  const layer = put("application/vnd.oci.image.layer.v1.tar", tarOf(image.files))
  const { entrypoint, command, environment, workingDir, user } = image.config
  const config = put(
    "application/vnd.oci.image.config.v1+json",
    json({
      created: "1970-01-01T00:00:00Z",
      architecture: architectures[process.arch] ?? process.arch,
      os: "linux",
      config: {
        ...(entrypoint === undefined ? {} : { Entrypoint: entrypoint }),
        ...(command === undefined ? {} : { Cmd: command }),
        ...(workingDir === undefined ? {} : { WorkingDir: workingDir }),
        ...(user === undefined ? {} : { User: user }),
        Env: environment ?? ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
      },
      rootfs: { type: "layers", diff_ids: [layer.digest] },
      history: [{ created: "1970-01-01T00:00:00Z" }]
    })
  )
  const mediaType = "application/vnd.oci.image.manifest.v1+json"
  const manifest = put(mediaType, json({ schemaVersion: 2, mediaType, config, layers: [layer] }))
  const annotations = {
    "io.containerd.image.name": image.name,
    "org.opencontainers.image.ref.name": image.name.split(":").at(-1) ?? "latest"
  }
  return tarOf([
    { path: "oci-layout", content: json({ imageLayoutVersion: "1.0.0" }) },
    { path: "index.json", content: json({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }) },
    { path: "blobs/" },
    { path: "blobs/sha256/" },
    ...blobs
  ])
}

/** The image of a sandbox's first process, made of Debian's `catatonit`; the name is what `startContainerd` configures. */
export const pauseImage = (binary: string = "/usr/bin/catatonit"): ImageSpec => ({
  name: "registry.k8s.io/pause:3.9",
  files: [{ path: "pause", content: readFileSync(binary), mode: 0o755 }],
  config: { entrypoint: ["/pause", "-P"] }
})

const applets =
  `ash awk base64 basename cat chgrp chmod chown clear cmp cp cut date dd df diff dirname dnsdomainname du echo egrep env
  expr false fgrep find free grep gunzip gzip head hexdump hostname httpd id ifconfig ip kill killall less ln logger ls md5sum mkdir
  mkfifo mknod mktemp more mount mv nc netstat nproc nslookup od paste patch pidof ping printf ps pwd readlink realpath rev rm rmdir
  route sed seq setsid sh sha256sum shuf sleep sort stat strings stty su sync sysctl tac tail tar tee telnet test time timeout top
  touch tr traceroute true truncate tty umount uname uniq unzip uptime usleep vi watch wc wget which whoami xargs xxd yes zcat`.split(
    /\s+/
  )

/** A small Linux made of Debian's static busybox, under the given name. */
export const busyboxImage = (
  name: string = "docker.io/library/busybox:1.36",
  binary: string = "/usr/bin/busybox"
): ImageSpec => ({
  name,
  files: [
    ...["bin/", "etc/", "home/", "proc/", "root/", "sys/", "usr/", "usr/bin/", "var/", "var/run/", "www/"].map((path) => ({
      path
    })),
    { path: "tmp/", mode: 0o1777 },
    { path: "bin/busybox", content: readFileSync(binary), mode: 0o755 },
    ...applets.map((applet) => ({ path: `bin/${applet}`, linkTo: "busybox" })),
    { path: "etc/passwd", content: lines("root:x:0:0:root:/root:/bin/sh", "nobody:x:65534:65534:nobody:/:/bin/false") },
    { path: "etc/group", content: lines("root:x:0:", "nogroup:x:65534:") }
  ],
  config: { command: ["sh"] }
})

const lines = (...text: ReadonlyArray<string>): Uint8Array => new TextEncoder().encode(text.map((line) => `${line}\n`).join(""))

/** Writes an image's archive to a file. */
export const writeImage = (path: string, image: ImageSpec): void => writeFileSync(path, imageArchive(image))
