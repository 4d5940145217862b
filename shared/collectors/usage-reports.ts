/** Reports of use and of cost in buckets of time, page by page: OpenAI's and Anthropic's. */
import { z } from "zod";
import { getJson, type JsonApi } from "../http/json.ts";
import { DAY_MS, type EpochMs, HOUR_MS, MINUTE_MS, toIsoTime } from "../model/units.ts";
import type { Collector, FetchedPage } from "./collector.ts";
import { partOf, type Settled, Trail, tried } from "./parts.ts";
import { Round, type RoundTimes } from "./rounds.ts";

export const bucketWidths = { "1m": MINUTE_MS, "1h": HOUR_MS, "1d": DAY_MS } as const;
export const BucketWidth = z.enum(["1m", "1h", "1d"]).default("1h");

export interface UsageReport {
  readonly api: JsonApi;
  readonly path: string;
  /** But for start and page. */
  readonly query: readonly (readonly [string, string])[];
  readonly width: number;
  start(time: EpochMs): readonly [string, string];
  endOf(bucket: unknown): EpochMs | undefined;
}

export const ReportPage = z.object({
  data: z.array(z.unknown()),
  has_more: z.boolean(),
  next_page: z.string().nullish(),
});

/**
 * A bucket of an organization with many keys is larger than a message may be. Each result is a thing of its own, so
 * the bucket is sent in several.
 */
const RESULTS_A_DOCUMENT = 500;

/** How what is billed by the day is pulled and checked. */
export const billedByDay = <Settings extends RoundTimes>(
  reportOf: (settings: Settings) => Omit<UsageReport, "width">,
): Pick<Collector<Settings>, "pull" | "check"> => ({
  async *pull({ settings, cursors, now, signal }) {
    const round = new Round({ ...settings, cursor: cursors.get(""), now });
    const report = { ...reportOf(settings), width: DAY_MS };
    if (round.isDue) yield* partOf("", signal, bucketPages(report, "", round, signal));
  },

  check: async ({ settings, now, signal }) => {
    const { api, path, start } = reportOf(settings);
    const query = [start(floorTo(DAY_MS, now)), ["limit", "1"]] as const;
    return [
      await tried(`${api.vendor} GET ${path}`, () => getJson(api, { path, query, answer: ReportPage }, signal)),
    ];
  },
});

export async function* bucketPages(
  { api, path, query, width, start, endOf }: UsageReport,
  part: string,
  settled: Settled,
  signal: AbortSignal,
): AsyncGenerator<FetchedPage> {
  const place = [api.vendor, path, ...(part === "" ? [] : [part])].join(" ");
  const trail = new Trail(place);
  // Buckets begin at multiples of their width: from anywhere else the first one would be another bucket.
  const from = floorTo(width, settled.from);
  for (let page: string | undefined, number = 1; ; number++) {
    const asked = [...query, start(from), ...(page === undefined ? [] : [["page", page] as const])];
    const { value, serverTime } = await getJson(api, { path, query: asked, answer: ReportPage }, signal);
    settled.vendorSays(serverTime);
    const reached = value.has_more ? (endOf(value.data.at(-1)) ?? settled.from) : "the end";
    const documents = value.data.flatMap(split);
    yield {
      part,
      place: `${place} from ${toIsoTime(from)}, page ${number}`,
      documents,
      ...settled.cursorAt(reached),
    };
    if (!value.has_more) return;
    page = trail.follow(value.next_page);
  }
}

export const floorTo = (width: number, time: EpochMs): EpochMs => (Math.floor(time / width) * width) as EpochMs;

function split(bucket: unknown): unknown[] {
  if (typeof bucket !== "object" || bucket === null || !("results" in bucket)) return [bucket];
  const { results } = bucket;
  if (!Array.isArray(results) || results.length <= RESULTS_A_DOCUMENT) return [bucket];
  return Array.from({ length: Math.ceil(results.length / RESULTS_A_DOCUMENT) }, (_, number) => ({
    ...bucket,
    results: results.slice(number * RESULTS_A_DOCUMENT, (number + 1) * RESULTS_A_DOCUMENT),
  }));
}
