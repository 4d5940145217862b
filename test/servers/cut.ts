/** A TCP proxy on loopback whose connections can be cut, as a network does: what was on its way is lost. */
import { startProxy } from "./proxy.ts";

export interface Cut {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Ends every connection at once, without a word, and says how many there were. New ones are let through. */
  cut(): number;
  close(): Promise<void>;
}

export async function startCut(port: number, target: () => number): Promise<Cut> {
  const { cut, close } = await startProxy(port, target, (client, upstream) => client.pipe(upstream));
  return { port, cut, close };
}
