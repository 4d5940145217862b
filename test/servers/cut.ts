/** A TCP proxy on loopback whose connections can be cut, as a network does: what was on its way is lost. */
import { connect, createServer, type Socket } from "node:net";

export interface Cut {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Ends every connection at once, without a word, and says how many there were. New ones are let through. */
  cut(): number;
  close(): Promise<void>;
}

export async function startCut(port: number, target: () => number): Promise<Cut> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target(), "127.0.0.1");
    open.add(client);
    const end = () => {
      open.delete(client);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on("error", end);
      socket.on("close", end);
    }
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const cut = () => {
    const { size } = open;
    for (const socket of open) socket.resetAndDestroy();
    return size;
  };
  return {
    port,
    cut,
    close: async () => {
      cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
