/**
 * What every source must do. A new source gets these tests by being in the registry.
 *
 * Content is marked in the fixtures: every field of a vendor's record that may hold a prompt, an answer, or what
 * quotes them, holds a string with CANARY in it.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Activity } from "../../shared/model/activity.ts";
import { canonicalJson } from "../../shared/model/canonical-json.ts";
import { unwrap } from "../../shared/reading/envelopes.ts";
import type { Reading, Source } from "../../shared/sources/source.ts";

/** The vendor's own documents, ids altered, and how they were obtained. */
const Recorded = z.strictObject({
  origin: z.string().min(1),
  /** Names of fields whose keys the customer chooses (tags, request metadata): nothing is planted inside them. */
  freeMaps: z.array(z.string()).default([]),
  files: z.array(z.strictObject({ name: z.string().min(1), documents: z.array(z.unknown()).min(1) })).min(1),
});

type JsonObject = Readonly<Record<string, unknown>>;

const CANARY = "CANARY";

function recordingOf(source: Source): z.infer<typeof Recorded> {
  return Recorded.parse(JSON.parse(readFileSync(beside(source, "recorded"), "utf8")));
}

/** The records of a fixture, as the reader hands them to a source. */
function recordsIn(documents: readonly unknown[]): JsonObject[] {
  return documents.flatMap((document) => [...unwrap(document)]).map(asObject);
}

export function describeSource(source: Source, sources: readonly Source[]): void {
  describe(source.id, () => {
    const { files, freeMaps } = recordingOf(source);
    const records = recordsIn(files.flatMap((file) => file.documents));
    const trimmed = (record: unknown): unknown => {
      const cut = source.trim(record);
      return "record" in cut ? overTheBus(cut.record) : expect.fail(cut.rejected);
    };
    const readAll = (some: readonly unknown[]) => some.flatMap((record) => activitiesOf(source.read(record)));

    it("turns the recorded documents into the golden activities", async () => {
      const golden = JSON.stringify(readAll(records), null, 2);
      await expect(`${golden}\n`).toMatchFileSnapshot(beside(source, "golden"));
    });

    it("recognises its own records, and no other source does", () => {
      for (const [index, record] of records.entries()) {
        const claims = sources.filter((each) => each.recognises(record)).map(({ id }) => id);
        expect(claims, `record ${index + 1}`).toEqual([source.id]);
      }
    });

    it("lets no content through", () => {
      expect(JSON.stringify(records.map(trimmed))).not.toMatch(/canary/i);
      expect(JSON.stringify(readAll(records))).not.toMatch(/canary/i);
    });

    it("lets no field through that its shape does not name", () => {
      const tainted = records.map((record) => withFieldPlanted(record, freeMaps));
      expect(tainted.map(trimmed)).toEqual(records.map(trimmed));
      expect(readAll(tainted)).toEqual(readAll(records));
    });

    it("trims a trimmed record to itself, and reads the same from it", () => {
      const once = records.map(trimmed);
      expect(once.map(trimmed)).toEqual(once);
      expect(readAll(once)).toEqual(readAll(records));
    });

    it("gives every activity its own uid unless it is the same thing, and the same one on every run", () => {
      const activities = readAll(records);
      expect(readAll(records)).toEqual(activities);
      for (const [uid, same] of Map.groupBy(activities, (activity) => activity.uid)) {
        for (const fact of identifyingFacts) {
          const said = new Set(same.map(fact).filter((value) => value !== undefined));
          expect(said.size, `${uid} stands for different things: ${[...said].join(" and ")}`).toBeLessThan(2);
        }
      }
    });

    it("gives activities that hold what the record says and nothing else", () => {
      for (const activity of readAll(records)) {
        expect(activity.source).toBe(source.id);
        expect(Activity.parse(activity)).toEqual(activity);
        expect(invented(activity)).toEqual([]);
      }
    });

    it("reads or rejects a record with any one value replaced by any other, and never throws", () => {
      for (const [record, at] of placesIn(records)) {
        for (const value of hostileValues) {
          const damaged = withValueReplaced(record, at, value);
          const fault = faultWith(source, damaged);
          if (fault) expect.fail(`${fault}: ${JSON.stringify(damaged)}`);
        }
      }
      const places = records.map((record) => ({ record, count: pathsIn(record).length }));
      const anyValue = fc.oneof(fc.double({ noNaN: true }), fc.string({ unit: "binary" }), fc.jsonValue());
      fc.assert(
        fc.property(fc.constantFrom(...places), fc.nat(), anyValue, ({ record, count }, at, value) => {
          expect(faultWith(source, withValueReplaced(record, at % count, value))).toBeUndefined();
        }),
      );
    });
  });
}

/** What is wrong with how a source takes a damaged record. */
function faultWith(source: Source, record: unknown): string | undefined {
  if (isObject(record)) source.recognises(record);
  const reading = source.read(record);
  const cut = source.trim(record);
  if ("rejected" in reading) {
    if (reading.rejected === "") return "rejected without a reason";
    if (/canary/i.test(reading.rejected)) return `a reason with a value of the record in it, ${reading.rejected}`;
  } else if (!reading.activities.every((activity) => Activity.safeParse(activity).success)) {
    return "an activity of the wrong shape";
  }
  if ("rejected" in cut) return "rejected" in reading ? undefined : "read whole, but not to be trimmed";
  const sent = overTheBus(cut.record);
  const again = source.trim(sent);
  if (!("record" in again) || !same(again.record, sent)) return "trimmed differently the second time";
  return same(source.read(sent), reading) ? undefined : "read differently once trimmed";
}

const same = (a: unknown, b: unknown): boolean =>
  JSON.stringify(a) === JSON.stringify(b) || canonicalJson(a) === canonicalJson(b);

/** What Kafka does to a message. */
const overTheBus = (message: unknown): unknown => JSON.parse(JSON.stringify(message ?? null));

/** Equal uids must agree in these, where both say. */
const identifyingFacts: readonly ((activity: Activity) => string | undefined)[] = [
  ({ kind }) => kind,
  ({ kind, startTime }) => (kind === "bucket" ? String(startTime) : undefined),
  ({ account }) => account?.uid,
  ({ project }) => project?.uid,
  ({ actor }) => actor?.uid,
  ({ credential }) => credential?.uid,
  ({ model }) => model?.id,
];

/** What a conversion trips over: wrong types, edges of numbers and dates, and names that objects have anyway. */
const hostileValues: readonly unknown[] = [
  ...[undefined, null, true, -1, 1.5, 2 ** 53, Number.POSITIVE_INFINITY, 253_402_300_800_000],
  ...[
    "",
    " ",
    "0",
    "{",
    "CANARY",
    "CANARY ".repeat(200),
    "\ud800",
    "9999-12-31T23:59:60Z",
    "2026-02-30T00:00:00Z",
  ],
  ...[[], {}, [null], [["CANARY"]], { CANARY: { CANARY: 1 } }, JSON.parse('{"__proto__":{"CANARY":1}}')],
];

/** Every place that any of the records has, on the first that has it: the record, and the value's number in it. */
function* placesIn(records: readonly JsonObject[]): Generator<readonly [JsonObject, number]> {
  const seen = new Set<string>();
  for (const record of records) {
    for (const [at, path] of pathsIn(record).entries()) {
      if (!seen.has(path)) yield [record, at];
      seen.add(path);
    }
  }
}

/** In reading order; elements of a list share a path. */
function pathsIn(value: unknown, path = ""): string[] {
  const inner = typeof value === "string" ? objectWrittenIn(value) : value;
  if (Array.isArray(inner)) return [path, ...inner.flatMap((part) => pathsIn(part, `${path}[]`))];
  return isObject(inner)
    ? [path, ...Object.entries(inner).flatMap(([key, part]) => pathsIn(part, `${path}.${key}`))]
    : [path];
}

const activitiesOf = (reading: Reading): readonly Activity[] =>
  "activities" in reading ? reading.activities : expect.fail(reading.rejected);

function beside(source: Source, name: "recorded" | "golden"): string {
  const stem = source.id.replaceAll(".", "-");
  return fileURLToPath(new URL(`../../shared/sources/${stem}.${name}.json`, import.meta.url));
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const asObject = (record: unknown): JsonObject =>
  isObject(record) ? record : expect.fail("a fixture holds a record that is no object");

/** Vendors write objects into strings: `CloudTrailEvent`, Azure `properties`, `logContent`. */
function objectWrittenIn(value: string): JsonObject | undefined {
  if (!value.startsWith("{")) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** A copy in which every object, also one written into a string, has a field that no shape names. */
function withFieldPlanted(value: unknown, freeMaps: readonly string[]): unknown {
  if (typeof value === "string") {
    const written = objectWrittenIn(value);
    return written ? JSON.stringify(withFieldPlanted(written, freeMaps)) : value;
  }
  if (Array.isArray(value)) return value.map((part) => withFieldPlanted(part, freeMaps));
  if (!isObject(value)) return value;
  const parts = Object.entries(value).map(([key, part]) => [
    key,
    freeMaps.includes(key) ? part : withFieldPlanted(part, freeMaps),
  ]);
  return { ...Object.fromEntries(parts), canaryField: CANARY };
}

/** A copy with the value at one place, counted in reading order, replaced; `undefined` takes the field away. */
function withValueReplaced(record: unknown, target: number, value: unknown): unknown {
  let seen = -1;
  const copy = (part: unknown): unknown => {
    seen += 1;
    if (seen === target) return value;
    if (Array.isArray(part)) return part.map(copy);
    if (isObject(part)) return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, copy(inner)]));
    const written = typeof part === "string" ? objectWrittenIn(part) : undefined;
    return written
      ? JSON.stringify(Object.fromEntries(Object.entries(written).map(([k, v]) => [k, copy(v)])))
      : part;
  };
  return copy(record);
}

/** Places where absence was filled in: absent is absent. */
function invented(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((part, index) => invented(part, `${path}.${index}`));
  if (isObject(value)) {
    const parts = Object.entries(value);
    return parts.length === 0 ? [path] : parts.flatMap(([key, part]) => invented(part, `${path}.${key}`));
  }
  const empty = value === null || value === undefined || Number.isNaN(value);
  const word = typeof value === "string" && /^(|-|unknown|undefined|null|none|n\/a|nan)$/i.test(value.trim());
  return empty || word ? [path] : [];
}
