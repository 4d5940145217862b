/**
 * What every collector must do, against a server that speaks the vendor's protocol on 127.0.0.1.
 *
 * What it does with a cursor is the whole point: whatever stops a run between two pages, the next one has to bring
 * the rest. Records may come more than once, since what they lead to is merged, but never not at all.
 */
import { afterEach, describe, expect, it } from "vitest";
import type { Collector, FetchedPage, Page } from "../../shared/collectors/collector.ts";
import { type ErrorCode, PipelineError } from "../../shared/model/errors.ts";
import type { EpochMs } from "../../shared/model/units.ts";
import { collectors } from "../../shared/registry.ts";

/** The vendor: well, with a credential that has ended, away for the moment, or handing out one page for ever. */
export type Weather = "well" | "credential ended" | "away" | "repeating";

export interface Vendor<Settings> {
  /** With secrets resolved, as a run has them. */
  readonly settings: Settings;
  close(): Promise<void>;
}

export interface CollectorCase<Settings> {
  readonly collector: Collector<Settings>;
  /** Of the run. */
  readonly now: EpochMs;
  /**
   * A server that has `ids`, on three pages or more. Most of them older than what is read again every time, so that
   * cursors have to move. Where it is away it says so with `Retry-After: 0`, or tests would wait.
   */
  serve(weather: Weather): Promise<Vendor<Settings>>;
  /** Of all records that are to arrive. */
  readonly ids: readonly string[];
  /** Those in a document of a page. */
  idsIn(document: unknown): readonly string[];
  /** The settings as they stand in gnomon.yaml. */
  readonly written: Readonly<Record<string, unknown>>;
  /** Names of those that are secrets. */
  readonly secrets: readonly string[];
  /** Pages of a run that is over soon: enough for each part to have its turn, fewer than there are. Absent: 4. */
  readonly shortRun?: number;
}

/** More than any of these vendors has. */
const ENDLESS = 500;

export function describeCollector<Settings>(one: CollectorCase<Settings>): void {
  const { collector, now, idsIn } = one;
  const all = [...new Set(one.ids)].sort();

  describe(collector.id, () => {
    const open: Vendor<Settings>[] = [];
    afterEach(async () => {
      await Promise.all(open.splice(0).map((vendor) => vendor.close()));
    });
    const serve = async (weather: Weather) => {
      const vendor = await one.serve(weather);
      open.push(vendor);
      return vendor;
    };

    it("stands on the shelf, under an id of its own", () => {
      expect(collectors.filter(({ id }) => id === collector.id)).toEqual([collector]);
    });

    it("fetches every record", async () => {
      const { settings } = await serve("well");
      const { pages, failures } = await run(settings, new Map());
      expect(failures).toEqual([]);
      expect(pages.length).toBeGreaterThan(2);
      expect(idsOf(pages)).toEqual(all);
    });

    it("gives each page a place of its own: its records are counted from 1", async () => {
      const { settings } = await serve("well");
      const { pages } = await run(settings, new Map());
      const places = pages.filter(({ documents }) => documents.length > 0).map(({ place }) => place);
      expect(new Set(places).size).toBe(places.length);
    });

    it("resumes where the bus stands, whichever page was the last one on it", async () => {
      const { settings } = await serve("well");
      const whole = await run(settings, new Map());
      for (let kept = 0; kept < whole.pages.length; kept++) {
        const before = await run(settings, new Map(), kept);
        const after = await run(settings, before.cursors);
        expect(idsOf([...before.pages, ...after.pages]), `after ${kept} pages`).toEqual(all);
      }
      const again = await run(settings, whole.cursors);
      expect(idsOf(again.pages).length, "what is settled is not fetched again").toBeLessThan(all.length);
    });

    it("gets there in short runs", async () => {
      const { settings } = await serve("well");
      const arrived: Page[] = [];
      let cursors: ReadonlyMap<string, string> = new Map();
      for (let runs = 0; runs < ENDLESS && idsOf(arrived).length < all.length; runs++) {
        const { pages, cursors: reached } = await run(settings, cursors, one.shortRun ?? 4);
        arrived.push(...pages);
        cursors = reached;
      }
      expect(idsOf(arrived)).toEqual(all);
    });

    it("stops after the page at hand when the run ends", async () => {
      const { settings } = await serve("well");
      const ended = new AbortController();
      let pages = 0;
      for await (const page of collector.pull({ settings, cursors: new Map(), now, signal: ended.signal })) {
        expect("failed" in page, "the end of a run is no failure").toBe(false);
        pages++;
        ended.abort();
      }
      expect(pages).toBe(1);
      for await (const _ of collector.pull({ settings, cursors: new Map(), now, signal: ended.signal })) {
        expect.fail("a page after the end");
      }
    });

    it("ends when a page repeats", async () => {
      const { settings } = await serve("repeating");
      const { pages } = await run(settings, new Map());
      expect(pages.length).toBeLessThan(ENDLESS);
    });

    for (const [weather, code] of [
      ["credential ended", "upstream-refused"],
      ["away", "upstream-unavailable"],
    ] as const satisfies readonly (readonly [Weather, ErrorCode])[]) {
      it(`calls it ${code} where the vendor is: ${weather}`, async () => {
        const { settings } = await serve(weather);
        const { pages, failures, cursors } = await run(settings, new Map());
        expect(pages.flatMap(({ documents }) => documents)).toEqual([]);
        expect(cursors.size).toBe(0);
        expect(failures.length).toBeGreaterThan(0);
        for (const failure of failures) {
          expect(failure.code).toBe(code);
          for (const secret of secretsIn(settings)) expect(failure.message).not.toContain(secret);
        }
      });
    }

    it("checks out where all is well, and says what to do where it is not", async () => {
      for (const weather of ["well", "credential ended", "away"] as const) {
        const { settings } = await serve(weather);
        const checks = await collector.check({ settings, now, signal: new AbortController().signal });
        expect(checks.length).toBeGreaterThan(0);
        for (const { ok, advice } of checks) {
          expect(ok).toBe(weather === "well");
          if (!ok) expect(advice).toMatch(/\S/);
          for (const secret of secretsIn(settings)) expect(advice ?? "").not.toContain(secret);
        }
      }
    });

    it("refuses a secret written in clear, and takes a reference", () => {
      expect(collector.settings.safeParse(one.written).error).toBeUndefined();
      for (const name of one.secrets) {
        expect(collector.settings.safeParse({ ...one.written, [name]: "written-in-clear" }).success).toBe(false);
      }
    });

    const secretsIn = (settings: Settings): string[] =>
      Object.entries(settings as Readonly<Record<string, unknown>>).flatMap(([name, value]) =>
        one.secrets.includes(name) && typeof value === "string" ? [value] : [],
      );

    /** As `collect` does it: the first `atMost` pages reach the bus, and only their cursors are saved. */
    async function run(settings: Settings, saved: ReadonlyMap<string, string>, atMost = ENDLESS) {
      const cursors = new Map(saved);
      const pages: FetchedPage[] = [];
      const failures: PipelineError[] = [];
      const { signal } = new AbortController();
      try {
        for await (const page of collector.pull({ settings, cursors: new Map(saved), now, signal })) {
          if (pages.length === atMost) break;
          if ("failed" in page) {
            failures.push(page.failed);
            continue;
          }
          pages.push(page);
          if (page.cursor !== undefined) cursors.set(page.part, page.cursor);
          await page.done?.();
        }
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error;
        failures.push(error);
      }
      return { pages, failures, cursors };
    }
  });

  function idsOf(pages: readonly Page[]): string[] {
    const ids = pages.flatMap((page) => ("failed" in page ? [] : page.documents.flatMap((each) => idsIn(each))));
    return [...new Set(ids)].sort();
  }
}
