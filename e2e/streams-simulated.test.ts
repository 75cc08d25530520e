/** kubectl's streams against a simulated node. @module */
import { startCluster } from "./cluster-process.ts"
import { streamCases } from "./stream-cases.ts"

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
      command: [sh, -c, "while read line; do echo got $line; done; sleep 100000"]
      ports: [{ containerPort: 8080 }, { containerPort: 9000 }]
`

streamCases({
  name: "a simulated node",
  there: true,
  pod,
  page: "pod: default/box\n",
  readyWithin: "20s",
  start: () => startCluster({ args: ["--store", "memory", "--runtime", "simulated", "--nodes", "1"] })
})
