#!/usr/bin/env bash
# Installs what real nodes and the system tests need on Debian or Ubuntu: containerd, CNI plugins, iptables, kubectl, PostgreSQL, PgBouncer, etcd.
# Run as root. What is there already is left alone; nothing is started.
set -euo pipefail

[ "$(id -u)" = 0 ] || { echo "install-node-tools: run as root (sudo $0)" >&2; exit 1; }
command -v apt-get >/dev/null || { echo "install-node-tools: needs apt-get (Debian or Ubuntu)" >&2; exit 1; }

packages=()
need() { command -v "$1" >/dev/null || packages+=("${@:2}"); }
need containerd containerd
need runc runc
need crun crun
[ -x /usr/lib/cni/bridge ] || packages+=(containernetworking-plugins)
need busybox busybox-static
need catatonit catatonit
need iptables iptables
need ipset ipset
need conntrack conntrack
need ip iproute2
need curl curl
need ping iputils-ping
need kubectl kubernetes-client
need etcd etcd-server
need etcdctl etcd-client
need pgbouncer pgbouncer
[ -n "$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null)" ] || packages+=(postgresql)
[ -n "$(ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null)" ] || packages+=(libfaketime)

# kubectl 1.20 of Debian 12, which speaks SPDY alone, beside the kubectl on the PATH, for the tests of streams. It is unpacked, not installed.
old=/usr/local/lib/tsukube/kubectl-debian
unpack_old_kubectl() {
  local folder
  folder=$(mktemp -d)
  (cd "$folder" && apt-get download -q kubernetes-client && dpkg-deb -x kubernetes-client_*.deb .) || return 1
  install -D "$folder/usr/bin/kubectl" "$old"
  rm -rf "$folder"
}

if [ "${#packages[@]}" = 0 ] && [ -x "$old" ]; then
  echo "install-node-tools: everything is installed"
  exit 0
fi
echo "install-node-tools: installing ${packages[*]}"
# Servers that Debian would start by itself are ours to start, on our own ports and folders.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update -q
[ "${#packages[@]}" = 0 ] || DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}"
[ -x "$old" ] || unpack_old_kubectl || echo "install-node-tools: no kubernetes-client in this distribution; tests of the old kubectl will be skipped" >&2
