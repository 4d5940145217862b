/**
 * A source knows one vendor's log: how to tell its records, what they look like, what they mean. Vendor field
 * names appear in that one file and nowhere else.
 */
import { z } from "zod";
import { ACTIVITY_SCHEMA, Activity, type Cost } from "../model/activity.ts";
import { compileShape, compileShapeOfPresent } from "../model/compiled-shape.ts";
import type { RawRecord } from "../model/raw-record.ts";
import { uidOf } from "../model/uid.ts";
import { type EpochMs, fromDecimalUsd } from "../model/units.ts";
import { withoutAbsent } from "../model/without-absent.ts";

export { withoutAbsent };

/** Of a draft, what is no part of an Activity is left behind. */
const readActivity = compileShapeOfPresent(z.object(Activity.shape));

/** What a record says. An empty list: understood, and not about AI. */
export type Reading = { readonly activities: readonly Activity[] } | { readonly rejected: string };

export interface Source {
  /** `product.log`: `aws.cloudtrail`. */
  readonly id: string;
  readonly title: string;
  readonly view: Activity["view"];
  /** Cheap and structural; true for at most one source of any real record. Never throws. */
  recognises(record: Readonly<Record<string, unknown>>): boolean;
  /** The record cut to the fields the shape names, or why it cannot be read. `trim` of a trimmed record is itself. */
  trim(record: unknown): { readonly record: unknown } | { readonly rejected: string };
  /** What a record says, whole or trimmed. Never throws. */
  read(record: unknown, receivedTime?: EpochMs): Reading;
}

/** An activity as a source file writes it: the house adds `schema`, `uid`, `source` and `view`. */
export type Draft = Omit<Activity, "schema" | "uid" | "source" | "view" | "receivedTime"> & {
  /**
   * The provider's own identity of the thing, not the log's, so that two logs of one call agree:
   * `["aws", account, requestId]`. Prefix with the cloud or vendor; never a clock, never random.
   */
  readonly identity: readonly (string | number | undefined)[];
  readonly view?: Activity["view"];
};

/**
 * Turns a vendor's description into a Source, so that no source file checks shapes, makes uids or handles bad
 * records by itself.
 *
 * `record` is also the allow-list: a field it does not name, a prompt for one, never leaves the collector. Objects
 * in it are plain `z.object` (which cuts), never loose; a free map is named only where it holds tags.
 */
export function defineSource<Shape extends z.ZodType>(spec: {
  readonly id: string;
  readonly title: string;
  readonly view: Activity["view"];
  readonly recognises: (record: Readonly<Record<string, unknown>>) => boolean;
  readonly record: Shape;
  /** May return `{ rejected }` for a record whose shape is right and whose values make no sense. */
  readonly normalize: (record: z.output<Shape>) => readonly Draft[] | { readonly rejected: string };
}): Source {
  const readRecord = compileShape(spec.record);
  return {
    id: spec.id,
    title: spec.title,
    view: spec.view,
    recognises: spec.recognises,

    trim(record) {
      const read = readRecord(record);
      return read.success ? { record: read.data } : { rejected: reasonFor(read.error) };
    },

    read(record, receivedTime) {
      const read = readRecord(record);
      if (!read.success) return { rejected: reasonFor(read.error) };
      const drafts = spec.normalize(read.data);
      if ("rejected" in drafts) return drafts;
      const activities: Activity[] = [];
      for (const draft of drafts) {
        const activity = readActivity({
          ...draft,
          schema: ACTIVITY_SCHEMA,
          uid: uidOf(...draft.identity),
          source: spec.id,
          view: draft.view ?? spec.view,
          receivedTime: draft.kind === "bucket" ? receivedTime : undefined,
        });
        if (!activity.success) return { rejected: reasonFor(activity.error) };
        activities.push(activity.data);
      }
      return { activities };
    },
  };
}

/** Reads a message of topic `ai.activity.raw`. */
export function readRaw(raw: RawRecord, sources: ReadonlyMap<string, Source>): Reading {
  const source = sources.get(raw.source);
  if (!source) return { rejected: `no source ${raw.source} in this version` };
  return source.read(raw.record, raw.receivedTime);
}

/** Paths and expectations only: zod's messages name what was got by type, never by value. */
function reasonFor(error: z.ZodError): string {
  const issues = error.issues.slice(0, 3).map((issue) => {
    const path = issue.path.map(String).join(".") || "record";
    return `${path}: ${issue.code === "unrecognized_keys" ? "unexpected field" : expectation(issue)}`;
  });
  const more = error.issues.length - issues.length;
  return issues.join("; ") + (more > 0 ? `; and ${more} more` : "");
}

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return `expected ${issue.expected}`;
  if (issue.code === "invalid_value") return `expected one of ${issue.values.map(String).join(", ")}`;
  if (issue.code === "invalid_union") return "none of the known forms";
  if (issue.code === "custom") return issue.message || "not as documented";
  return issue.code.replaceAll("_", " ");
}

/** For a field the vendor may send as null or leave out; the house only ever leaves out. */
export const maybe = <Shape extends z.ZodType>(shape: Shape) =>
  shape.nullish().transform((value) => value ?? undefined);

/** For what a vendor writes as an object or as JSON text. Text that is no JSON is left to the shape to reject. */
export const jsonText = <Shape extends z.ZodType>(shape: Shape) =>
  z.preprocess((value) => {
    if (typeof value !== "string") return value;
    if (value.trim() === "") return undefined;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return value;
    }
  }, shape);

/** For a part that a caller wrote or a vendor cut: where it is not as expected it is left out, and costs no record. */
export const loose = <Shape extends z.ZodType>(shape: Shape) => maybe(shape).catch(undefined);

/** The settings that are told. Undefined where none is. */
export function known<Value>(
  settings: Readonly<Record<string, Value | undefined>>,
): Record<string, Value> | undefined {
  const told = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return told.length > 0 ? Object.fromEntries(told) : undefined;
}

/** A name, id or code: trimmed, cut to 1,024 characters, and absent where empty. */
export const text = z.string().transform((value) => value.trim().slice(0, 1_024).trimEnd() || undefined);
export const maybeText = maybe(text);

/** An amount as bills have it, a number or text: kept as text, since its digits count. Absent where empty. */
export const decimal = maybe(z.union([z.string().max(64), z.number()])).transform((value) =>
  value === undefined ? undefined : String(value).trim() || undefined,
);

/**
 * What an invoice says. An amount in another currency than the dollar stands among the labels, in units of it: at what
 * rate it is a cost, the configuration knows (`cost/price.ts`). `exponent` is -2 for cents. Undefined where it is no amount.
 */
export function billed(
  priceSource: string,
  amount: string | undefined,
  currency: string,
  exponent = 0,
): { readonly cost?: Cost; readonly labels?: Readonly<Record<string, string>> } | undefined {
  if (amount === undefined) return undefined;
  if (currency.toUpperCase() !== "USD") {
    // Thousands of it, since there are many yen and won to a dollar.
    const thousands = fromDecimalUsd(amount, exponent - 3);
    if (thousands === undefined) return undefined;
    const units = exponent === 0 ? amount : String(thousands / 1e6);
    return { labels: { currency: currency.toUpperCase(), amount: units } };
  }
  const nano = fromDecimalUsd(amount, exponent);
  if (nano === undefined) return undefined;
  return { cost: { nanoUsd: nano, basis: "billed", priceSource } };
}

const SECRET =
  /\b(?:(?:AKIA|ASIA)[A-Z0-9]{16}|ABSK[A-Za-z0-9+/=]{16,}|bedrock-api-key-[A-Za-z0-9+/=]{8,}|AEAA[A-Za-z0-9+/=]{16,}|sk-[A-Za-z0-9_-]{16,}|AIza[0-9A-Za-z_-]{30,}|hf_[A-Za-z0-9]{16,}|gsk_[A-Za-z0-9]{16,}|xai-[A-Za-z0-9]{16,}|pplx-[A-Za-z0-9]{16,}|r8_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]+)/;

/** Most callers write their few tags in order, and to sort them costs more than to read them. */
const sorted = (names: string[]): readonly string[] =>
  names.every((name, at) => at === 0 || (names[at - 1] ?? "") < name) ? names : names.sort();

/** The shortest key that the expression knows. */
const SHORTEST_SECRET = 19;

/**
 * Tags as the caller wrote them: at most 32, values of at most 256 characters, scalars only. A value that looks
 * like a key of an AI vendor is left out: people do put secrets into metadata.
 */
export const labels = z.record(z.string(), z.unknown()).transform((given) => {
  const kept: Record<string, string> = {};
  let count = 0;
  for (const key of sorted(Object.keys(given))) {
    const value = given[key];
    if (count === 32) break;
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") continue;
    const written = String(value).trim().slice(0, 256);
    if (key === "__proto__" || key === "" || written === "") continue;
    if (written.length >= SHORTEST_SECRET && SECRET.test(written)) continue;
    const name = key.slice(0, 128);
    if (!(name in kept)) count++;
    kept[name] = written;
  }
  return kept;
});
