/** Every resource that Kubernetes v1.36 has, found by path, by kind, or by the names people type. @module */
import { builtInResources } from "./data/resources.ts"
import { apiVersionOf, type KubernetesObject, type Resource } from "./resource.ts"

/** Every resource compiled into v1.36, including the versions that are served only when asked. */
export const allResources: ReadonlyArray<Resource> = builtInResources

/** The resources that v1.36 serves by default. */
export const resources: ReadonlyArray<Resource> = builtInResources.filter(({ servedByDefault }) => servedByDefault)

const byPlural = new Map(allResources.map((resource) => [`${apiVersionOf(resource)}/${resource.plural}`, resource]))
const byKind = new Map(allResources.map((resource) => [`${apiVersionOf(resource)}/${resource.kind}`, resource]))

/** The resource of a group, version and plural name; `undefined` when there is none. Finds what is not served by default too. */
export const findResource = (group: string, version: string, plural: string): Resource | undefined =>
  byPlural.get(`${apiVersionOf({ group, version })}/${plural}`)

/** The resource whose objects say this `apiVersion` and `kind`. */
export const findByKind = (apiVersion: string, kind: string): Resource | undefined => byKind.get(`${apiVersion}/${kind}`)

/**
 * The resource a person means: plural, singular, kind or short name, with the group or the version and group behind dots
 * (`deploy`, `deployments.apps`, `deployments.v1.apps`). The core group wins, then the order of the catalog; within a group the preferred version.
 */
export const findByName = (name: string): Resource | undefined => {
  const [word = "", ...rest] = name.toLowerCase().split(".")
  const suffix = rest.join(".")
  const matches = resources.filter(
    (resource) =>
      (resource.plural === word || resource.singular === word || resource.shortNames.includes(word)) &&
      (suffix === "" || suffix === resource.group || suffix === `${resource.version}.${resource.group}`)
  )
  const group = matches[0]?.group
  return matches.filter((resource) => resource.group === group).sort((a, b) => compareVersions(a.version, b.version))[0]
}

/** Orders versions as discovery does, the preferred first: `v2`, `v1`, `v2beta1`, `v1beta2`, `v1alpha1`, then other words by name. */
export const compareVersions = (a: string, b: string): number => {
  const left = rankOf(a)
  const right = rankOf(b)
  if (left === undefined || right === undefined) {
    if (left === right) return a < b ? -1 : a > b ? 1 : 0
    return left === undefined ? 1 : -1
  }
  for (let i = 0; i < left.length; i++) {
    const difference = (right[i] ?? 0) - (left[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const rankOf = (version: string): ReadonlyArray<number> | undefined => {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (match === null) return undefined
  const stability = match[2] === undefined ? 2 : match[2] === "beta" ? 1 : 0
  return [stability, Number(match[1]), Number(match[3] ?? 0)]
}

/** The catalog's own descriptor under the type of its objects; for the generated files, which know the type. */
export const builtIn = <T extends KubernetesObject>(group: string, version: string, plural: string): Resource<T> => {
  const resource = findResource(group, version, plural)
  if (resource === undefined) throw new Error(`no resource ${plural} in ${apiVersionOf({ group, version })}`)
  return resource as Resource<T>
}
