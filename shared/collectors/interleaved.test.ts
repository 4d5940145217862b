import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { interleaved } from "./interleaved.ts";

const running = new AbortController().signal;

function stream(name: string, delays: readonly number[], log: string[] = []) {
  return (async function* () {
    try {
      for (const [at, delay] of delays.entries()) {
        await sleep(delay);
        log.push(`made ${name}${at}`);
        yield `${name}${at}`;
      }
    } finally {
      log.push(`ended ${name}`);
    }
  })();
}

async function taken(streams: AsyncGenerator<string>[], atOnce: number) {
  const items: string[] = [];
  for await (const item of interleaved(streams, atOnce, running)) items.push(item);
  return items;
}

describe("interleaving streams", () => {
  it("gives every item once, those of one stream in order, and does not wait for the slow one", async () => {
    const quickEnded = Promise.withResolvers<void>();
    const slow = (async function* () {
      await quickEnded.promise;
      yield "slow0";
    })();
    const quick = (async function* () {
      yield* stream("quick", [1, 1, 1]);
      quickEnded.resolve();
    })();
    expect(await taken([slow, quick], 2)).toEqual(["quick0", "quick1", "quick2", "slow0"]);
  });

  it("begins a stream only when another has ended, where more wait than may work", async () => {
    const log: string[] = [];
    await taken([stream("a", [5, 5], log), stream("b", [1], log), stream("c", [1], log)], 1);
    expect(log).toEqual(["made a0", "made a1", "ended a", "made b0", "ended b", "made c0", "ended c"]);
  });

  it("goes on with a stream only when its item was taken", async () => {
    const log: string[] = [];
    const items = interleaved([stream("a", [0, 0], log)], 1, running);
    await items.next();
    await sleep(20);
    expect(log).toEqual(["made a0"]);
    await items.return(undefined);
  });

  it("lets no stream starve", async () => {
    const items = interleaved([stream("a", Array(50).fill(0)), stream("b", [0, 0])], 2, running);
    const first: string[] = [];
    for await (const item of items) if (first.push(item) === 8) break;
    expect(first).toContain("b1");
  });

  it("ends all streams when it is ended, when one of them fails, and when the run is over", async () => {
    const log: string[] = [];
    for await (const _ of interleaved([stream("a", [1, 1], log), stream("b", [10, 10], log)], 2, running)) break;
    expect(log).toEqual(expect.arrayContaining(["ended a", "ended b"]));

    log.length = 0;
    const failing = (async function* (): AsyncGenerator<string> {
      yield "last";
      throw new Error("away");
    })();
    await expect(taken([stream("a", [1, 50], log), failing], 2)).rejects.toThrow("away");
    expect(log).toContain("ended a");

    log.length = 0;
    const run = new AbortController();
    const items: string[] = [];
    for await (const item of interleaved([stream("a", [1, 1], log), stream("b", [1, 1], log)], 2, run.signal)) {
      items.push(item);
      run.abort();
    }
    expect(items).toHaveLength(1);
    expect(log).toEqual(expect.arrayContaining(["ended a", "ended b"]));
  });
});
