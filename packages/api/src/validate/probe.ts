/** Validation of probes and lifecycle hooks. @module */
import { forbidden, invalid, required } from "../field-error.ts"
import { isPortNumber } from "../name.ts"
import type { Container, EphemeralContainer, Lifecycle, LifecycleHandler, PodSpec, Probe } from "../types/core-v1.ts"
import { breaks, type Findings, type Loose, mayBeOneOf, needs, nonNegative, portOrName } from "./findings.ts"

const counts = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] as const
const defaultGraceSeconds = 30
const headerName = "[-A-Za-z0-9]+"
const handlers = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const

/** The three probes; liveness and startup succeed at the first success. */
export function* validateProbes(container: Loose<Container | EphemeralContainer>, path: string): Findings {
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    const probe = container[name]
    if (probe === undefined) continue
    yield* validateProbe(probe, `${path}.${name}`)
    if (name === "readinessProbe" && probe.terminationGracePeriodSeconds !== undefined) {
      const at = `${path}.${name}.terminationGracePeriodSeconds`
      yield invalid(at, probe.terminationGracePeriodSeconds, "must not be set for readinessProbes")
    }
    if (name !== "readinessProbe" && probe.successThreshold !== 1) {
      yield invalid(`${path}.${name}.successThreshold`, probe.successThreshold, "must be 1")
    }
  }
}

function* validateProbe(probe: Loose<Probe>, path: string): Findings {
  yield* validateHandler(probe, path)
  for (const count of counts) yield* nonNegative(`${path}.${count}`, probe[count])
  const seconds = probe.terminationGracePeriodSeconds
  if (seconds !== undefined && seconds <= 0)
    yield invalid(`${path}.terminationGracePeriodSeconds`, seconds, "must be greater than 0")
}

/** `postStart` and `preStop`. */
export function* validateLifecycle(lifecycle: Loose<Lifecycle> | undefined, spec: Loose<PodSpec>, path: string): Findings {
  const grace = spec.terminationGracePeriodSeconds ?? defaultGraceSeconds
  for (const hook of ["postStart", "preStop"] as const) {
    const seconds = lifecycle?.[hook]?.sleep?.seconds
    if (seconds !== undefined && (seconds < 0 || seconds > grace))
      yield invalid(
        `${path}.${hook}.sleep.seconds`,
        seconds,
        `must be non-negative and less than terminationGracePeriodSeconds (${grace})`
      )
  }
  const { stopSignal } = lifecycle ?? {}
  if (stopSignal !== undefined && spec.os?.name === undefined)
    yield forbidden(`${path}.stopSignal`, "may not be set for containers with empty `spec.os.name`")
  else if (spec.os?.name === "windows") yield* mayBeOneOf(`${path}.stopSignal`, stopSignal, ["SIGKILL", "SIGTERM"])
  if (lifecycle?.postStart !== undefined) yield* validateHandler(lifecycle.postStart, `${path}.postStart`)
  if (lifecycle?.preStop !== undefined) yield* validateHandler(lifecycle.preStop, `${path}.preStop`)
}

function* validateHandler(handler: Loose<LifecycleHandler> & Pick<Loose<Probe>, "grpc">, path: string): Findings {
  const given = handlers.filter((name) => handler[name] !== undefined)
  if (given.length === 0) yield required(path, "must specify a handler type")
  for (const extra of given.slice(1)) yield forbidden(`${path}.${extra}`, "may not specify more than 1 handler type")
  const { exec, httpGet, tcpSocket, grpc } = handler
  if (exec !== undefined && (exec.command ?? []).length === 0) yield required(`${path}.exec.command`)
  if (httpGet !== undefined) {
    yield* needs(`${path}.httpGet.path`, httpGet.path)
    yield* portOrName(`${path}.httpGet.port`, httpGet.port)
    yield* mayBeOneOf(`${path}.httpGet.scheme`, httpGet.scheme, ["HTTP", "HTTPS"])
    for (const { name = "" } of httpGet.httpHeaders ?? []) {
      if (new RegExp(`^${headerName}$`).test(name)) continue
      const sentence = `a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '${headerName}')`
      yield invalid(`${path}.httpGet.httpHeaders`, name, sentence)
    }
  }
  if (tcpSocket !== undefined) yield* portOrName(`${path}.tcpSocket.port`, tcpSocket.port)
  if (grpc !== undefined) yield* breaks(`${path}.grpc.port`, grpc.port, isPortNumber(grpc.port ?? 0))
}
