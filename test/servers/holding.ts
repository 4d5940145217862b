/** A TCP proxy on loopback before a broker, which can keep back what clients ask of one kind, as a busy broker does. */
import { connect, createServer, type Socket } from "node:net";

export interface Holding {
  /** On 127.0.0.1. */
  readonly port: number;
  hold(): void;
  /** What was kept back is asked now. */
  release(): void;
  close(): Promise<void>;
}

/** Kafka protocol, "Api keys". */
export const FETCH = 1;

export async function startHolding(port: number, target: number, apiKey: number): Promise<Holding> {
  const open = new Set<Socket>();
  const held: (() => void)[] = [];
  let holds = false;
  const server = createServer((client) => {
    const broker = connect(target, "127.0.0.1");
    const end = () => {
      open.delete(client);
      client.destroy();
      broker.destroy();
    };
    open.add(client);
    for (const socket of [client, broker]) socket.on("error", end).on("close", end);
    broker.pipe(client);
    let rest = Buffer.alloc(0);
    client.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      // Its length, then its kind.
      while (rest.length >= 6 && rest.length >= 4 + rest.readInt32BE(0)) {
        const request = rest.subarray(0, 4 + rest.readInt32BE(0));
        rest = rest.subarray(request.length);
        const ask = () => void broker.write(request);
        if (holds && request.readInt16BE(4) === apiKey) held.push(ask);
        else ask();
      }
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port,
    hold: () => {
      holds = true;
    },
    release: () => {
      holds = false;
      for (const ask of held.splice(0)) ask();
    },
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
