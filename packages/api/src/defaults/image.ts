/** What the name of an image says about pulling it. @module */

/** An image without tag and digest means `latest`, which is pulled each time. */
export const pullPolicyOf = (image: string): "Always" | "IfNotPresent" => {
  if (image === "" || image.includes("@")) return "IfNotPresent"
  const name = image.slice(image.lastIndexOf("/") + 1)
  const tag = name.includes(":") ? name.slice(name.indexOf(":") + 1) : "latest"
  return tag === "latest" ? "Always" : "IfNotPresent"
}
