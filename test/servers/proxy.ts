/** A TCP proxy on loopback, for what happens between a client and a server. */
import { connect, createServer, type Socket } from "node:net";

export interface Proxy {
  /** Ends every connection at once, without a word, and says how many there were. */
  cut(): number;
  close(): Promise<void>;
}

/** `pass` hands on what a client says; what the server answers goes back as it is. */
export async function startProxy(
  port: number,
  target: () => number,
  pass: (client: Socket, upstream: Socket) => void,
): Promise<Proxy> {
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
    pass(client, upstream);
    upstream.pipe(client);
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
    cut,
    close: async () => {
      cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
