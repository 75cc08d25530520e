/** What kubectl can ask of the API itself: every way to write, read and explain objects, against a simulated cluster. @module */
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Deployment } from "@tsukube/api/apps-v1"
import type { ConfigMap, Event, Pod } from "@tsukube/api/core-v1"
import { createAuthority } from "@tsukube/apiserver/certificates"
import { eventually, onPath, requireTool } from "@tsukube/testing"
import { type ClusterProcess, freshFolder, startCluster } from "./cluster-process.ts"

interface List<A> {
  readonly items: ReadonlyArray<A>
}

const there = requireTool("kubectl and the API", { kubectl: onPath("kubectl") })

const manifest = (kind: string, name: string, more: object, apiVersion = "v1"): string =>
  JSON.stringify({
    apiVersion,
    kind,
    metadata: { name, ...("metadata" in more ? (more.metadata as object) : {}) },
    ...rest(more)
  })
const rest = (more: object): object => Object.fromEntries(Object.entries(more).filter(([key]) => key !== "metadata"))
const configMap = (name: string, data: object, labels: object = {}): string =>
  manifest("ConfigMap", name, { metadata: Object.keys(labels).length === 0 ? {} : { labels }, data })
const deployment = (name: string, image: string, replicas = 1): string =>
  manifest(
    "Deployment",
    name,
    {
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "main", image }] } }
      }
    },
    "apps/v1"
  )

describe.skipIf(!there)("kubectl and the API", () => {
  let cluster: ClusterProcess
  const folder = freshFolder()
  beforeAll(async () => {
    cluster = await startCluster({
      args: ["--nodes", "2", "--runtime", "simulated", "--store", "memory", "--runtime-config", "api/all=true"]
    })
  })
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })
  const out = async (args: ReadonlyArray<string> | string, stdin?: string): Promise<string> =>
    (await cluster.kubectl(args, stdin === undefined ? {} : { stdin })).stdout.trim()
  const json = <A>(args: ReadonlyArray<string> | string): Promise<A> => cluster.kubectl.json<A>(args)
  const fails = async (args: ReadonlyArray<string> | string, stdin?: string): Promise<string> => {
    const { exitCode, stderr } = await cluster.kubectl(args, { mayFail: true, ...(stdin === undefined ? {} : { stdin }) })
    expect(exitCode).not.toBe(0)
    return stderr.trim()
  }
  /** Writes a script that edits the file it is given, for `kubectl edit`. */
  const editor = (name: string, expression: string): string => {
    const path = join(folder, name)
    writeFileSync(path, `#!/bin/sh\nexec sed -i '${expression}' "$1"\n`)
    chmodSync(path, 0o755)
    return path
  }

  describe("create, by every generator", () => {
    const commands: ReadonlyArray<readonly [command: string, answer: string]> = [
      ["namespace made", "namespace/made created"],
      ["configmap made --from-literal=a=b", "configmap/made created"],
      ["secret generic made --from-literal=a=b", "secret/made created"],
      ["secret docker-registry pull --docker-username=u --docker-password=p --docker-email=e@x.io", "secret/pull created"],
      ["serviceaccount made", "serviceaccount/made created"],
      ["service clusterip made --tcp=80:8080", "service/made created"],
      ["service nodeport made-node --tcp=80", "service/made-node created"],
      ["service loadbalancer made-balancer --tcp=80", "service/made-balancer created"],
      ["service externalname made-name --external-name=example.com", "service/made-name created"],
      ["deployment made --image=nginx --replicas=2 --port=80", "deployment.apps/made created"],
      ["job made --image=busybox", "job.batch/made created"],
      ["cronjob made --image=busybox --schedule=*/5~*~*~*~*", "cronjob.batch/made created"],
      ["job from-cron --from=cronjob/made", "job.batch/from-cron created"],
      ["ingress made --rule=example.com/*=made:80", "ingress.networking.k8s.io/made created"],
      ["poddisruptionbudget made --selector=app=made --min-available=1", "poddisruptionbudget.policy/made created"],
      ["priorityclass made --value=1000 --description=x", "priorityclass.scheduling.k8s.io/made created"],
      ["quota made --hard=configmaps=1000,pods=100 --namespace=made", "resourcequota/made created"],
      ["role made --verb=get,list --resource=pods,deployments.apps", "role.rbac.authorization.k8s.io/made created"],
      ["rolebinding made --role=made --serviceaccount=default:made", "rolebinding.rbac.authorization.k8s.io/made created"],
      ["clusterrole made --verb=get --resource=nodes", "clusterrole.rbac.authorization.k8s.io/made created"],
      ["clusterrolebinding made --clusterrole=made --user=jane", "clusterrolebinding.rbac.authorization.k8s.io/made created"]
    ]
    for (const [command, answer] of commands) {
      test(command, async () => {
        const args = command.split(" ").map((word) => word.replaceAll("~", " "))
        // Nothing is written by a dry run, by the client or by the server; then it is.
        expect(await out(["create", ...args, "--dry-run=client"])).toBe(`${answer} (dry run)`)
        expect(await out(["create", ...args, "--dry-run=server"])).toBe(`${answer} (server dry run)`)
        expect(await out(["create", ...args])).toBe(answer)
      })
    }

    test("secret tls", async () => {
      const { cert, key } = await createAuthority()
      writeFileSync(join(folder, "tls.crt"), cert)
      writeFileSync(join(folder, "tls.key"), key)
      const args = ["create", "secret", "tls", "made-tls", `--cert=${folder}/tls.crt`, `--key=${folder}/tls.key`]
      expect(await out(args)).toBe("secret/made-tls created")
    })

    test("token", async () => {
      expect((await out("create token made")).split(".")).toHaveLength(3)
    })

    test("a quota made so is counted, and limits", async () => {
      await eventually(
        async () => ((await out("get quota made -n made -o jsonpath={.status.used.pods}")) === "0" ? true : undefined),
        {
          what: "the quota's count"
        }
      )
      await out("create quota tight --hard=count/configmaps=1 -n made")
      await eventually(
        async () =>
          (await out(["get", "quota", "tight", "-n", "made", "-o", "jsonpath={.status.used}"])) !== "" ? true : undefined,
        { what: "the second quota's count" }
      )
      expect(await fails("create configmap too-many -n made")).toContain("exceeded quota: tight")
    })
  })

  describe("apply", () => {
    test("client-side: created, unchanged, configured, with a dry run by the server", async () => {
      const apply = (text: string, ...more: ReadonlyArray<string>) => out(["apply", ...more, "-f", "-"], text)
      expect(await apply(configMap("client", { a: "1" }), "--dry-run=server")).toBe("configmap/client created (server dry run)")
      expect(await fails("get configmap client")).toContain('configmaps "client" not found')
      expect(await apply(configMap("client", { a: "1", b: "1" }))).toBe("configmap/client created")
      expect(await apply(configMap("client", { a: "1", b: "1" }))).toBe("configmap/client unchanged")
      expect(await apply(configMap("client", { a: "2" }))).toBe("configmap/client configured")
      expect((await json<ConfigMap>("get configmap client")).data).toEqual({ a: "2" })
    })

    test("prune takes away what is not in the set any more", async () => {
      const set = (...names: ReadonlyArray<string>) => names.map((name) => configMap(name, { a: "1" }, { set: "one" })).join("\n")
      const prune = ["apply", "--prune", "-l", "set=one", "--prune-allowlist=core/v1/ConfigMap", "-f", "-"]
      await out(prune, set("keep", "drop"))
      expect(await out(prune, set("keep"))).toBe("configmap/keep unchanged\nconfigmap/drop pruned")
      expect(await out("get configmaps -l set=one -o name")).toBe("configmap/keep")
    })

    test("prune by an apply set takes away what left the set", async () => {
      const env = { KUBECTL_APPLYSET: "true" }
      const prune = ["apply", "--prune", "--applyset=configmaps/set", "-n", "default", "-f", "-"]
      const set = (...names: ReadonlyArray<string>) => names.map((name) => configMap(name, { a: "1" })).join("\n")
      await cluster.kubectl(prune, { env, stdin: set("member", "leaver") })
      expect((await cluster.kubectl(prune, { env, stdin: set("member") })).stdout.trim()).toBe(
        "configmap/member unchanged\nconfigmap/leaver pruned"
      )
    })

    test("server-side: conflicts are told, force takes, and what is left out goes", async () => {
      const apply = ["apply", "--server-side", "-f", "-"]
      expect(await out([...apply, "--dry-run=server"], configMap("server", { a: "1" }))).toContain(
        "serverside-applied (server dry run)"
      )
      expect(await out(apply, configMap("server", { a: "1", b: "1" }))).toBe("configmap/server serverside-applied")
      const conflict = await fails([...apply, "--field-manager=other"], configMap("server", { a: "2" }))
      expect(conflict).toContain('Apply failed with 1 conflict: conflict with "kubectl": .data.a')
      await out([...apply, "--field-manager=other", "--force-conflicts"], configMap("server", { a: "2" }))
      await out(apply, configMap("server", {}))
      expect((await json<ConfigMap>("get configmap server")).data).toEqual({ a: "2" })
      const shown = await out("get configmap server -o yaml --show-managed-fields")
      expect(shown).toContain("manager: other")
      expect(await out("get configmap server -o yaml")).not.toContain("managedFields")
    })

    test("from client-side to server-side without a conflict", async () => {
      await out("apply -f -", deployment("moves", "nginx:1"))
      expect(await out("apply --server-side -f -", deployment("moves", "nginx:2"))).toBe(
        "deployment.apps/moves serverside-applied"
      )
      const moved = await json<Deployment>("get deployment moves")
      expect(moved.spec?.template.spec?.containers[0]?.image).toBe("nginx:2")
    })

    test("last-applied can be seen and set", async () => {
      await out("apply -f -", configMap("last", { a: "1" }))
      expect(JSON.parse(await out("apply view-last-applied configmap last -o json")).data).toEqual({ a: "1" })
      await out("apply set-last-applied -f -", configMap("last", { a: "1" }))
    })

    test("unknown fields are refused before anything is sent, and by the server", async () => {
      const odd = configMap("odd", {}).replace('"data"', '"dada"')
      expect(await fails("apply -f -", odd)).toContain('unknown field "dada"')
      const { stderr } = await cluster.kubectl("apply --validate=warn -f -", { stdin: odd })
      expect(stderr).toContain('unknown field "dada"')
      expect(await out("apply --validate=ignore -f -", configMap("odd2", {}).replace('"data"', '"dada"'))).toBe(
        "configmap/odd2 created"
      )
    })
  })

  test("diff shows what apply would change, and changes nothing", async () => {
    await out("apply -f -", configMap("differs", { a: "1" }))
    const { exitCode, stdout } = await cluster.kubectl("diff -f -", { stdin: configMap("differs", { a: "2" }), mayFail: true })
    expect(exitCode).toBe(1)
    expect(stdout).toContain('-  a: "1"\n+  a: "2"')
    const serverSide = await cluster.kubectl("diff --server-side --force-conflicts -f -", {
      stdin: configMap("differs", { a: "3" }),
      mayFail: true
    })
    expect(serverSide.stdout).toContain('+  a: "3"')
    expect((await json<ConfigMap>("get configmap differs")).data).toEqual({ a: "1" })
    expect((await cluster.kubectl("diff -f -", { stdin: configMap("differs", { a: "1" }) })).stdout).toBe("")
  })

  test("edit writes what the editor leaves, and a status in its own place", async () => {
    await out("apply -f -", configMap("edited", { a: "before" }))
    const env = { KUBE_EDITOR: editor("edit", "s/before/after/") }
    expect((await cluster.kubectl("edit configmap edited", { env })).stdout.trim()).toBe("configmap/edited edited")
    expect((await json<ConfigMap>("get configmap edited")).data).toEqual({ a: "after" })
    await out("create deployment edited --image=nginx --replicas=0")
    await eventually(
      async () => ((await out("get deployment edited -o jsonpath={.status.observedGeneration}")) === "1" ? true : undefined),
      { what: "the deployment's status" }
    )
    const status = { KUBE_EDITOR: editor("status", "s/observedGeneration: 1/observedGeneration: 1\\n  collisionCount: 7/") }
    const edited = await cluster.kubectl("edit deployment edited --subresource=status", { env: status })
    expect(edited.stdout.trim()).toBe("deployment.apps/edited edited")
    const nothing = { KUBE_EDITOR: editor("same", "s/nothing/else/") }
    expect((await cluster.kubectl("edit configmap edited", { env: nothing })).stderr).toContain("Edit cancelled, no changes made")
  })

  test("replace needs what is there; with --force it is made anew", async () => {
    expect(await fails("replace -f -", configMap("replaced", {}))).toContain("not found")
    await out("create -f -", configMap("replaced", { a: "1" }))
    const before = await json<ConfigMap>("get configmap replaced")
    expect(await out("replace -f -", configMap("replaced", { a: "2" }))).toBe("configmap/replaced replaced")
    expect(await out("replace --force -f -", configMap("replaced", { a: "3" }))).toContain("configmap/replaced replaced")
    const after = await json<ConfigMap>("get configmap replaced")
    expect(after.metadata?.uid).not.toBe(before.metadata?.uid)
    expect(after.data).toEqual({ a: "3" })
  })

  test("patch, label, annotate, set and scale", async () => {
    await out("apply -f -", deployment("changed", "nginx:1"))
    expect(await out(["patch", "deployment", "changed", "-p", '{"spec":{"replicas":2}}'])).toBe("deployment.apps/changed patched")
    const jsonPatch = '[{"op":"test","path":"/spec/replicas","value":2},{"op":"replace","path":"/spec/replicas","value":1}]'
    await out(["patch", "deployment", "changed", "--type=json", "-p", jsonPatch])
    expect(await fails(["patch", "deployment", "changed", "--type=json", "-p", jsonPatch])).toContain(
      "the server rejected our request"
    )
    await out(["patch", "deployment", "changed", "--subresource=scale", "--type=merge", "-p", '{"spec":{"replicas":3}}'])
    expect(await out("label deployment changed tier=web")).toBe("deployment.apps/changed labeled")
    expect(await out("annotate deployment changed note=x")).toBe("deployment.apps/changed annotated")
    expect(await out("set image deployment/changed main=nginx:2")).toBe("deployment.apps/changed image updated")
    expect(await out("set env deployment/changed A=B")).toBe("deployment.apps/changed env updated")
    expect(await out("scale deployment changed --replicas=0")).toBe("deployment.apps/changed scaled")
    expect((await json<Deployment>("get deployment changed --subresource=scale")).spec).toEqual({} as Deployment["spec"])
  })

  describe("get", () => {
    beforeAll(async () => {
      const many = Array.from({ length: 12 }, (_, i) =>
        configMap(`item-${String(i).padStart(2, "0")}`, { n: String(12 - i) }, { many: "yes" })
      )
      await out("apply -f -", many.join("\n"))
      await out("run single --image=nginx --labels=run=single")
      await out("wait --for=condition=Ready pod/single --timeout=30s")
    })

    test("in every output format", async () => {
      const get = (format: string) => out(["get", "pod", "single", "-o", format])
      expect(JSON.parse(await get("json")).kind).toBe("Pod")
      expect(await get("yaml")).toMatch(/^apiVersion: v1\nkind: Pod\n/)
      expect(await get("name")).toBe("pod/single")
      expect(await get("wide")).toMatch(
        /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\nsingle +1\/1 +Running/
      )
      expect(await get("jsonpath={.status.phase}")).toBe("Running")
      expect(await get("jsonpath-as-json={.status.phase}")).toBe('[\n    "Running"\n]')
      expect(await get("go-template={{.status.phase}}")).toBe("Running")
      expect(await get("custom-columns=N:.metadata.name,P:.status.phase")).toMatch(/^N +P\nsingle +Running$/)
      writeFileSync(join(folder, "columns"), "NAME PHASE\n.metadata.name .status.phase\n")
      expect(await get(`custom-columns-file=${folder}/columns`)).toMatch(/^NAME +PHASE\nsingle +Running$/)
      writeFileSync(join(folder, "template"), "{.metadata.name}")
      expect(await get(`jsonpath-file=${folder}/template`)).toBe("single")
      writeFileSync(join(folder, "go"), "{{.metadata.name}}")
      expect(await get(`go-template-file=${folder}/go`)).toBe("single")
    })

    test("without headers, with labels, with server printing off, from all namespaces", async () => {
      expect(await out("get pod single --no-headers --show-labels")).toMatch(/^single +1\/1 +Running +0 +\d+s +run=single$/)
      expect(await out("get pod single -L run")).toMatch(/RUN\nsingle .* single$/)
      expect(await out("get pod single --server-print=false")).toMatch(/^NAME +AGE\nsingle +\d+s$/)
      expect(await out("get configmaps -A --field-selector=metadata.name=kube-root-ca.crt --no-headers")).toMatch(
        /^default +kube-root-ca.crt +1 /m
      )
      expect(await out("get all")).toContain("pod/single")
      expect(await out("get pods,configmaps --ignore-not-found nothing")).toBe("")
    })

    test("sorted", async () => {
      const names = await out(["get", "configmaps", "-l", "many=yes", "--sort-by={.data.n}", "-o", "name"])
      expect(names.split("\n")[0]).toBe("configmap/item-11")
      const byAge = await out("get configmaps -l many=yes --sort-by=.metadata.creationTimestamp --no-headers")
      expect(byAge.split("\n")).toHaveLength(12)
    })

    test("by field selectors, for those the kind has", async () => {
      expect(await out("get pods --field-selector=status.phase=Running,spec.restartPolicy!=Never -o name")).toContain(
        "pod/single"
      )
      expect(await out("get pods --field-selector=status.phase=Failed -o name")).toBe("")
      expect(await out("get services --field-selector=spec.type=ExternalName -o name")).toBe("service/made-name")
      expect(await out("get secrets --field-selector=type=kubernetes.io/tls -o name")).toBe("secret/made-tls")
      expect(await out("get nodes --field-selector=spec.unschedulable=false -o name")).toBe("node/node-1\nnode/node-2")
      expect(await fails("get pods --field-selector=spec.nothing=x")).toContain("field label not supported: spec.nothing")
    })

    test("in chunks, the same as at once", async () => {
      const whole = await out("get configmaps -l many=yes -o name --chunk-size=0")
      expect(await out("get configmaps -l many=yes -o name --chunk-size=5")).toBe(whole)
      const table = await out("get configmaps -l many=yes --chunk-size=5 --no-headers")
      expect(table.split("\n")).toHaveLength(12)
    })

    test("raw paths and watches", async () => {
      expect(JSON.parse(await out("get --raw /api/v1/namespaces/default")).metadata.name).toBe("default")
      expect(await out("get --raw /readyz")).toBe("ok")
      const watched = cluster.kubectl(["get", "configmap", "item-00", "-w", "--output-watch-events", "--request-timeout=3s"], {
        mayFail: true
      })
      await out("label configmap item-00 seen=yes")
      expect((await watched).stdout).toMatch(/ADDED +item-00/)
    })

    test("every resource that can be listed has a table, also the alpha and beta ones", async () => {
      const names = (await out("api-resources --verbs=list -o name")).split("\n").filter((name) => name !== "")
      expect(names.length).toBeGreaterThan(55)
      for (const name of names) {
        const { stderr } = await cluster.kubectl(["get", name, "-A"])
        expect(
          stderr
            .replace(/^Warning: .*$/gm, "")
            .replace(/^No resources found$/m, "")
            .trim()
        ).toBe("")
      }
    })
  })

  test("explain --recursive knows every kind", async () => {
    const rows = (await out("api-resources --no-headers")).split("\n").map((row) => row.split(/\s+/))
    expect(rows.length).toBeGreaterThan(70)
    for (const row of rows) {
      // Short names are not always there: version, scope and kind are the last three.
      const [apiVersion = "", , kind = ""] = row.slice(-3)
      const text = await out(["explain", row[0]!, "--recursive", `--api-version=${apiVersion}`])
      expect(text).toContain(`KIND:       ${kind}`)
      expect(text).toMatch(/\n {2}metadata\t<ObjectMeta>/)
    }
    expect(await out("explain pods.spec.containers.resources.limits")).toContain("FIELD: limits <map[string]Quantity>")
  })

  test("api-resources and api-versions show it all", async () => {
    expect(await out("api-resources -o wide --no-headers")).toMatch(
      /^deployments +deploy +apps\/v1 +true +Deployment +create,delete,deletecollection,get,list,patch,update,watch +all$/m
    )
    expect(await out("api-resources --api-group=apps -o name")).toBe(
      "controllerrevisions.apps\ndaemonsets.apps\ndeployments.apps\nreplicasets.apps\nstatefulsets.apps"
    )
    const versions = (await out("api-versions")).split("\n")
    expect(versions).toContain("v1")
    expect(versions).toContain("resource.k8s.io/v1beta1")
    expect(versions).toHaveLength(36)
  })

  test("events tells what happened to an object", async () => {
    const shown = await eventually(
      async () => {
        const text = await out("events --for pod/single")
        return text.includes("Scheduled") ? text : undefined
      },
      { what: "the pod's events" }
    )
    expect(shown).toMatch(/^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n/)
    expect(await out("events --types=Normal --no-headers")).toContain("Pod/single")
    const { items } = await json<List<Event>>("get events --field-selector=involvedObject.name=single,reason=Scheduled")
    expect(items.length).toBeGreaterThan(0)
    const { stdout } = await cluster.kubectl("get events.events.k8s.io --field-selector=regarding.name=single")
    expect(stdout).toContain("pod/single")
  })

  test("auth can-i answers for oneself and for others", async () => {
    expect(await out("auth can-i --list")).toMatch(
      /^Resources +Non-Resource URLs +Resource Names +Verbs\n\*\.\* +\[\] +\[\] +\[\*\]/
    )
    expect(await out("auth can-i create deployments")).toBe("yes")
    const jane = await out("auth can-i --list --as=jane")
    expect(jane).toMatch(/nodes +\[\] +\[\] +\[get\]/)
    expect((await cluster.kubectl("auth can-i delete pods --as=jane", { mayFail: true })).stdout.trim()).toBe("no")
    expect(await out("auth can-i list pods --as=system:serviceaccount:default:made")).toBe("yes")
    expect(await out("auth whoami -o jsonpath={.status.userInfo.username}")).toBe("kubernetes-admin")
    expect(await fails("get pods --as=jane")).toContain(
      'User "jane" cannot list resource "pods" in API group "" in the namespace "default"'
    )
  })

  test("a directory is applied and deleted as one, and waits can be told to end", async () => {
    const directory = join(folder, "manifests")
    mkdirSync(directory)
    writeFileSync(join(directory, "a.json"), configMap("dir-a", {}))
    writeFileSync(join(directory, "b.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dir-b}\n---\n# nothing\n")
    expect(await out(["apply", "-f", directory])).toBe("configmap/dir-a created\nconfigmap/dir-b created")
    expect(await out(["delete", "-f", directory])).toBe('configmap "dir-a" deleted\nconfigmap "dir-b" deleted')
    await out("delete pod single --wait=true --grace-period=1")
    expect(await out("get pod single --ignore-not-found -o name")).toBe("")
    const deleted = await json<List<Pod>>("get pods -l run=single")
    expect(deleted.items).toEqual([])
  })
})
