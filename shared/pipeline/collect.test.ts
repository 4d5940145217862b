import { describe, expect, it } from "vitest";
import type { Collector, FetchedPage, Page } from "../collectors/collector.ts";
import { PipelineError } from "../model/errors.ts";
import type { RawRecord, Reject } from "../model/raw-record.ts";
import { EpochMs } from "../model/units.ts";
import { sources } from "../registry.ts";
import { collect, trimmed } from "./collect.ts";

const NOW = EpochMs.parse(1_790_000_000_000);

const auditLog = (id: string) => ({
  id,
  type: "api_key.created",
  effective_at: 1_789_999_000,
  "api_key.created": { id: "key_1", data: { scopes: ["a.b"], title: "CANARY" } },
});

const page = (number: number, given: Partial<FetchedPage> = {}): FetchedPage => ({
  part: "eu",
  documents: [auditLog(`audit_log-${number}`)],
  place: `page ${number}`,
  cursor: `cursor ${number}`,
  ...given,
});

/** What happened, in order. */
async function run(
  pages: readonly Page[],
  given: {
    readonly publish?: (happened: readonly string[]) => void;
    readonly signal?: AbortSignal;
    readonly happened?: string[];
  } = {},
) {
  const { happened = [] } = given;
  const records: RawRecord[] = [];
  const rejects: Reject[] = [];
  const collector: Collector = {
    id: "made.up",
    title: "Made up",
    settings: undefined as never,
    async *pull() {
      for (const one of pages) {
        happened.push("pull");
        yield one;
      }
    },
    check: async () => [],
  };
  const collected = await collect(collector, undefined, {
    sources,
    loadCursors: async () => new Map(),
    saveCursor: async (part, cursor) => void happened.push(`save ${part} ${cursor}`),
    publish: async (some, rejected, place) => {
      happened.push(`publish ${place}`);
      given.publish?.(happened);
      records.push(...some);
      rejects.push(...rejected);
    },
    now: () => NOW,
    signal: given.signal ?? new AbortController().signal,
  }).catch((error: unknown) => error);
  return { collected, happened, records, rejects };
}

describe("collecting", () => {
  it("saves a cursor when the bus has its page, then lets the page go, then asks for the next", async () => {
    const happened: string[] = [];
    const done = async () => void happened.push("done");
    const { collected } = await run([page(1, { done }), page(2)], { happened });
    expect(happened).toEqual([
      ...["pull", "publish page 1", "save eu cursor 1", "done"],
      ...["pull", "publish page 2", "save eu cursor 2"],
    ]);
    expect(collected).toEqual({ pages: 2, records: 2, rejects: 0, failures: [] });
  });

  it("saves no cursor for a page that the bus did not take", async () => {
    const away = new PipelineError("upstream-unavailable", "the bus is away");
    const { collected, happened } = await run([page(1), page(2)], {
      publish: (order) => {
        if (order.at(-1) === "publish page 2") throw away;
      },
    });
    expect(collected).toBe(away);
    expect(happened.at(-1)).toBe("publish page 2");
  });

  it("goes on with the other parts when one fails, and says which", async () => {
    const failed = new PipelineError("upstream-refused", "no permission");
    const { collected } = await run([page(1), { part: "us", failed }, page(2)]);
    expect(collected).toMatchObject({ pages: 2, failures: [{ part: "us", error: failed }] });
  });

  it("stops after the page at hand when the run ends", async () => {
    const ended = new AbortController();
    const { happened } = await run([page(1), page(2)], { signal: ended.signal, publish: () => ended.abort() });
    expect(happened).toEqual(["pull", "publish page 1", "save eu cursor 1"]);
  });

  it("keeps what cannot be read as rejects with their place", async () => {
    const { rejects, records } = await run([
      page(1, { documents: [{ what: "is this" }], unreadable: [{ reason: "not JSON", place: "line 9" }] }),
    ]);
    expect(records).toEqual([]);
    expect(rejects).toEqual([
      { reason: "not a record of a known source", place: "page 1", record: 1 },
      { reason: "not JSON", place: "line 9" },
    ]);
  });

  it("cuts records to what their source names", () => {
    const { records } = trimmed([{ data: [auditLog("audit_log-1")], has_more: false }], "page", sources, NOW);
    expect(records).toMatchObject([{ source: "openai.audit", receivedTime: NOW, record: { id: "audit_log-1" } }]);
    expect(JSON.stringify(records)).not.toContain("CANARY");
  });
});
