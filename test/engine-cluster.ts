// Test helper: a cluster of two real servers, each with half of the rows; they speak to each other over TCP, without Keeper.
import {
  type EngineServer,
  type EngineSetting,
  freePort,
  startEngineServer,
} from './engine-server.ts'

/** Two servers that know each other as the shards of the cluster `pair`. */
export interface EngineCluster {
  servers: [EngineServer, EngineServer]
  /** `http://127.0.0.1:PORT` of the first, without a database. */
  url: string
  stop(): Promise<void>
}

/** The name by which both know their cluster. */
export const clusterName = 'pair'

/** Starts both: on 127.0.0.1 and 127.0.0.2, at the same HTTP port, as the servers of a cluster are. */
export async function startEngineCluster(users?: EngineSetting['users']): Promise<EngineCluster> {
  const httpPort = await freePort()
  // Different ones: a server takes 127.0.0.1 at its own TCP port for itself.
  const tcpPorts = [await freePort(), await freePort()]
  const shards = tcpPorts.map(
    (port, i) =>
      `<shard><internal_replication>true</internal_replication><replica><host>127.0.0.${i + 1}</host><port>${port}</port></replica></shard>`,
  )
  const config = `<remote_servers><${clusterName}>${shards.join('')}</${clusterName}></remote_servers>`
  const [first, second] = await Promise.all(
    tcpPorts.map((tcpPort, i) =>
      startEngineServer({
        host: `127.0.0.${i + 1}`,
        httpPort,
        tcpPort,
        config,
        ...(users === undefined ? {} : { users }),
      }),
    ),
  )
  return {
    servers: [first, second],
    url: first.url,
    async stop() {
      await Promise.all([first.stop(), second.stop()])
    },
  }
}
