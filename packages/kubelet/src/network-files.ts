/** The names a pod knows: its hostname, its resolv.conf and its /etc/hosts. @module */
import type { Pod } from "@tsukube/api/core-v1"

/** What resolv.conf says. */
export interface DnsConfig {
  readonly servers: ReadonlyArray<string>
  readonly searches: ReadonlyArray<string>
  readonly options: ReadonlyArray<string>
}

/** The cluster's DNS: server addresses and the domain of its names. */
export interface ClusterDns {
  readonly servers: ReadonlyArray<string>
  readonly domain: string
}

/** Reads a resolv.conf. */
export const parseResolvConf = (text: string): DnsConfig => {
  const words = text.split("\n").map((line) =>
    line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/)
  )
  const last = (key: string) => words.findLast(([first]) => first === key)?.slice(1) ?? []
  return {
    servers: words.flatMap(([key, server]) => (key === "nameserver" && server !== undefined ? [server] : [])),
    searches: last("search"),
    options: last("options")
  }
}

const unique = (list: ReadonlyArray<string>): ReadonlyArray<string> => [...new Set(list.filter((item) => item !== ""))]

/** A pod's resolv.conf by its dnsPolicy and dnsConfig; without a cluster DNS every policy but None falls back to the node's. */
export const dnsOf = (pod: Pod, host: DnsConfig, cluster: ClusterDns | undefined): DnsConfig => {
  const { dnsPolicy = "ClusterFirst", hostNetwork, dnsConfig } = pod.spec ?? {}
  const first = dnsPolicy === "ClusterFirstWithHostNet" || (dnsPolicy === "ClusterFirst" && hostNetwork !== true)
  const none: DnsConfig = { servers: [], searches: [], options: [] }
  const base = dnsPolicy === "None" ? none : first && cluster !== undefined ? clusterConfig(pod, host, cluster) : host
  const options = new Map(base.options.map((option) => [option.split(":")[0] ?? "", option]))
  for (const { name = "", value } of dnsConfig?.options ?? []) options.set(name, value === undefined ? name : `${name}:${value}`)
  return {
    servers: unique([...base.servers, ...(dnsConfig?.nameservers ?? [])]),
    searches: unique([...base.searches, ...(dnsConfig?.searches ?? [])]),
    options: [...options.values()]
  }
}

const clusterConfig = (pod: Pod, host: DnsConfig, { servers, domain }: ClusterDns): DnsConfig => ({
  servers,
  searches: [`${pod.metadata?.namespace}.svc.${domain}`, `svc.${domain}`, domain, ...host.searches],
  options: ["ndots:5"]
})

const hostnameLimit = 63

/** The hostname inside a pod, and its full name where it has a subdomain. */
export const hostnameOf = (
  pod: Pod,
  domain: string,
  nodeName: string
): { readonly hostname: string; readonly domainName: string } => {
  const { hostname, subdomain, setHostnameAsFQDN, hostNetwork, hostnameOverride } = pod.spec ?? {}
  if (hostnameOverride !== undefined && hostnameOverride !== "") return { hostname: hostnameOverride, domainName: "" }
  if (hostNetwork === true) return { hostname: nodeName, domainName: "" }
  const cut = (pod.metadata?.name ?? "").slice(0, hostnameLimit).replace(/[-.]+$/, "")
  const short = hostname === undefined || hostname === "" ? cut : hostname
  const domainName = subdomain === undefined || subdomain === "" ? "" : `${subdomain}.${pod.metadata?.namespace}.svc.${domain}`
  return { hostname: setHostnameAsFQDN === true && domainName !== "" ? `${short}.${domainName}` : short, domainName }
}

/** A pod's /etc/hosts; on the node's network it is the node's own with the pod's aliases added. */
export const hostsFileOf = (
  pod: Pod,
  ips: ReadonlyArray<string>,
  hostname: string,
  domainName: string,
  nodeHosts: string
): string => {
  const aliases = pod.spec?.hostAliases ?? []
  const added =
    aliases.length === 0
      ? ""
      : `\n# Entries added by HostAliases.\n${aliases.map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join("\t")}\n`).join("")}`
  if (pod.spec?.hostNetwork === true) {
    return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${added}`
  }
  const full = domainName === "" ? hostname : `${hostname}.${domainName}\t${hostname}`
  return [
    "# Kubernetes-managed hosts file.",
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    "fe00::0\tip6-localnet",
    "fe00::0\tip6-mcastprefix",
    "fe00::1\tip6-allnodes",
    "fe00::2\tip6-allrouters",
    ...ips.map((ip) => `${ip}\t${full}`),
    added
  ].join("\n")
}
