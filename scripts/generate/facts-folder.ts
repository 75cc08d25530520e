/** Where the facts of a Kubernetes release are: the first argument of every generator. @module */

/** The folder given on the command line; ends with a word about what is missing. */
export const factsFolder = (): string => {
  const [folder] = process.argv.slice(2)
  if (folder !== undefined) return folder
  console.error("Give the folder of Kubernetes facts (kubernetes-v1.36-types.json and its neighbours) as the first argument.")
  return process.exit(2)
}
