/** Asks the API server by WebSocket, as the user of the kubeconfig. @module */
import { loadKubeconfig } from "@tsukube/client"
import { Effect } from "effect"
import { WebSocket } from "ws"
import type { Cluster } from "./suite.ts"

/** A message that came. */
export interface SocketMessage {
  readonly text: string
}

/** Opens one and gives all messages up to the last that is wanted, or to the end. Rejects when the server refuses. */
export const openWebSocket = async (
  { kubeconfig }: Pick<Cluster, "kubeconfig">,
  path: string,
  protocols: ReadonlyArray<string>,
  isLast: (message: SocketMessage) => boolean
): Promise<ReadonlyArray<SocketMessage>> => {
  const connection = await Effect.runPromise(loadKubeconfig({ file: kubeconfig }))
  const { ca, cert, key, token, insecureSkipTlsVerify } = connection
  const socket = new WebSocket(`${connection.server.replace(/^http/, "ws")}${path}`, [...protocols], {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    rejectUnauthorized: insecureSkipTlsVerify !== true
  })
  const messages: Array<SocketMessage> = []
  return new Promise((resolve, reject) => {
    socket.on("error", reject)
    socket.on("close", () => resolve(messages))
    socket.on("message", (data: Buffer) => {
      const message = { text: data.toString() }
      messages.push(message)
      if (isLast(message)) socket.close()
    })
  })
}
