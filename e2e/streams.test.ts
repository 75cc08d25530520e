/** kubectl's streams against a node with containers. @module */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { isRoot } from "@tsukube/host"
import { containerdInstalled } from "@tsukube/kubelet"
import { busyboxImage, writeImage } from "@tsukube/kubelet/oci-image"
import { onPath, requireTool } from "@tsukube/testing"
import { startCluster } from "./cluster-process.ts"
import { streamCases } from "./stream-cases.ts"

const there = requireTool("streams of real nodes", {
  root: isRoot(),
  containerd: containerdInstalled(),
  "busybox-static": onPath("busybox"),
  catatonit: onPath("catatonit"),
  iptables: onPath("iptables"),
  kubectl: onPath("kubectl")
})

const pod = `
apiVersion: v1
kind: Pod
metadata: { name: box }
spec:
  terminationGracePeriodSeconds: 0
  containers:
    - name: main
      image: docker.io/library/busybox:1.36
      stdin: true
      command: [sh, -c, "mkdir -p /www; echo hello > /www/index.html; httpd -p 8080 -h /www; nc -ll -p 9000 -e cat & i=0; while read line; do echo got $line; done; sleep 100000"]
      ports: [{ containerPort: 8080 }, { containerPort: 9000 }]
`

streamCases({
  name: "a node with containers",
  there,
  pod,
  page: "hello\n",
  readyWithin: "60s",
  start: (folder) => {
    const images = join(folder, "images")
    mkdirSync(images)
    writeImage(join(images, "busybox.tar"), busyboxImage("docker.io/library/busybox:1.36"))
    return startCluster({ args: ["--nodes", "1", "--runtime", "containerd", "--images", images], readyWithinMs: 120_000 })
  }
})
