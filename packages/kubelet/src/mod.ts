/** The front door of @tsukube/kubelet: every public name, listed by hand. @module */
export { type Containerd, ContainerdError, type ContainerdOptions, containerdInstalled, startContainerd } from "./containerd.ts"
export { type Kubelet, type KubeletOptions, runKubelet } from "./kubelet.ts"
export { kubeletVersion, machineCapacity, machineName } from "./machine.ts"
export type { ClusterDns } from "./network-files.ts"
export {
  type AdoptedPod,
  type ContainerEnd,
  type ContainerMount,
  type ContainerResources,
  ContainerRuntime,
  type ContainerSecurity,
  type ContainerSpec,
  type ExecResult,
  type LogOptions,
  type RegistryLogin,
  type RuntimeContainer,
  RuntimeError,
  type RuntimeImage,
  type RuntimePod,
  type RuntimePodSummary,
  type RuntimeSandbox,
  type RuntimeStats,
  type SandboxSpec,
  type SeccompProfile,
  type SharedNamespaces,
  type StreamRequest,
  type StreamTarget
} from "./runtime.ts"
export { layerCri, makeCri } from "./runtimes/cri.ts"
export { defaultStages, layerSimulated, makeSimulated, type SimulatedOptions, type Stages } from "./runtimes/simulated.ts"
export { type KubeletTls, ListenError } from "./server.ts"
