/** What the machine below a node is and has, as the Node object tells it. @module */
import { readFileSync, statfsSync } from "node:fs"
import { arch, cpus, hostname, release, totalmem } from "node:os"
import type { NodeSystemInfo } from "@tsukube/api/core-v1"

/** The version of Kubernetes that this kubelet speaks. */
export const kubeletVersion = "v1.36.0"

const podLimit = 110

const readOr = (path: string, fallback: string): string => {
  try {
    return readFileSync(path, "utf8").trim()
  } catch {
    return fallback
  }
}

/** The architecture in Go's words. */
export const architecture = (): string => ({ x64: "amd64", ia32: "386" })[arch() as string] ?? arch()

const osImage = (): string => /^PRETTY_NAME="?([^"\n]*)"?/m.exec(readOr("/etc/os-release", ""))?.[1] ?? process.platform

/** `nodeInfo`; the machine's ids are empty where the system has none. */
export const nodeInfo = (runtimeVersion: string): NodeSystemInfo => ({
  architecture: architecture(),
  bootID: readOr("/proc/sys/kernel/random/boot_id", ""),
  containerRuntimeVersion: runtimeVersion,
  kernelVersion: release(),
  kubeProxyVersion: "",
  kubeletVersion,
  machineID: readOr("/etc/machine-id", ""),
  operatingSystem: process.platform === "win32" ? "windows" : process.platform,
  osImage: osImage(),
  systemUUID: readOr("/sys/class/dmi/id/product_uuid", readOr("/etc/machine-id", ""))
})

/** CPUs, memory, room for the node's files and the number of pods. */
export const machineCapacity = (rootDir: string): Readonly<Record<string, string>> => {
  let storage = 0
  try {
    const { blocks, bsize } = statfsSync(rootDir)
    storage = Number(blocks) * Number(bsize)
  } catch {
    // A folder that is not there yet has no size; the node still works.
  }
  return {
    cpu: String(cpus().length),
    "ephemeral-storage": `${Math.floor(storage / 1024)}Ki`,
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: String(podLimit)
  }
}

/** The machine's name in lower case, as node names are. */
export const machineName = (): string => hostname().toLowerCase()
