/** A TCP proxy on loopback before a broker, which can keep back what clients ask of one kind, as a busy broker does. */
import { startProxy } from "./proxy.ts";

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
  const held: (() => void)[] = [];
  let holds = false;
  const { close } = await startProxy(
    port,
    () => target,
    (client, broker) => {
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
    },
  );
  return {
    port,
    hold: () => {
      holds = true;
    },
    release: () => {
      holds = false;
      for (const ask of held.splice(0)) ask();
    },
    close,
  };
}
