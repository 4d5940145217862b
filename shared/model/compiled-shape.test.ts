import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { call, change } from "../../test/example-activities.ts";
import { Activity } from "./activity.ts";
import { compileShape, compileShapeOfPresent } from "./compiled-shape.ts";
import { withoutAbsent } from "./without-absent.ts";

const small = z.string().trim().min(2).max(4);
/** Each kind that is compiled, some that are left to zod, and how sources put them together. */
const shapes: Readonly<Record<string, z.ZodType>> = {
  text: small,
  pattern: z.string().regex(/^a+$/),
  "pattern with a memory": z.string().regex(/a/g),
  "whole number": z.int().nonnegative(),
  number: z.number().gt(-5).lt(7),
  "any number": z.number(),
  "caught by what was wrong": z.object({ a: z.string().catch(({ issues }) => String(issues.length)) }),
  choice: z.enum(["a", "b"]),
  literal: z.literal(["a", 1, null]),
  "maybe text": small.nullish().transform((value) => value ?? undefined),
  caught: z.object({ a: small.nullish().catch(undefined) }),
  list: z.array(z.union([z.int(), small])),
  "short list": z.array(z.unknown()).max(2),
  tags: z.record(z.string(), z.union([z.string(), z.boolean()])),
  "keyed by pattern": z.record(z.string().regex(/^a/), z.unknown()),
  object: z.object({ a: small.optional(), b: z.object({ a: z.boolean().nullable() }).optional() }),
  strict: z.strictObject({ a: z.unknown(), b: z.number().optional() }),
  loose: z.looseObject({ a: z.number() }),
  refined: z.object({ a: z.number().refine((value) => value % 2 === 0) }),
  figures: z.object({
    a: z
      .unknown()
      .transform((value) => (typeof value === "number" ? value : undefined))
      .optional(),
  }),
  "either form": z.preprocess(
    (value) => (typeof value === "string" ? { a: value } : value),
    z.object({ a: small }),
  ),
  "holding what must be there": z.object({
    a: z.string(),
    b: z.object({ a: z.string() }),
    c: z.record(z.string(), z.unknown()),
  }),
  "made of nothing": z.object({ a: z.preprocess((value) => value ?? "made", z.string()).optional() }),
  reporting: z.string().transform((value, context) => {
    if (value.startsWith("a")) return value.length;
    context.issues.push({ code: "custom", message: "no a", input: value });
    return z.NEVER;
  }),
  date: z.iso.datetime(),
  coerced: z.coerce.number(),
  "by default": z.object({ a: z.string().default("b") }),
};

const leaf = fc.oneof(
  fc.constantFrom("", "a", "b", " aa ", "aaaaa", "2026-03-02T00:00:00Z", "__proto__", null, undefined, true),
  fc.integer({ min: -10, max: 10 }),
  fc.double(),
  fc.string(),
);
/** As a stranger may write it: a key of its own, not a prototype. */
const hostile: unknown = JSON.parse('{"__proto__":{"a":"aa"},"a":true}');
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.constant(hostile),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "aa"), tie("value"), { maxKeys: 3 }),
  ),
})).value;

function expectSame(shape: z.ZodType, value: unknown): void {
  const wanted = shape.safeParse(value);
  const got = compileShape(shape)(value);
  expect(got.success).toBe(wanted.success);
  expect(got.data).toEqual(wanted.data);
  expect(got.error?.issues).toEqual(wanted.error?.issues);
}

function expectSameOfPresent(shape: z.ZodType, value: unknown): void {
  const wanted = shape.safeParse(withoutAbsent(value));
  const got = compileShapeOfPresent(shape)(value);
  expect(got.success).toBe(wanted.success);
  // What a shape itself makes absent may be left out too.
  expect(withoutAbsent(got.data)).toEqual(withoutAbsent(wanted.data));
  expect(got.error?.issues).toEqual(wanted.error?.issues);
}

describe("a compiled shape", () => {
  for (const [name, shape] of Object.entries(shapes)) {
    it(`reads as zod does, or refuses in its words: ${name}`, () => {
      fc.assert(fc.property(values, (value) => expectSame(shape, value)));
    });
  }

  for (const [name, shape] of Object.entries(shapes)) {
    it(`reads of what is present what zod reads once the absent is left out: ${name}`, () => {
      fc.assert(fc.property(values, (value) => expectSameOfPresent(shape, value)));
    });
  }

  it("takes no prototype from a record", () => {
    const read = compileShape(z.record(z.string(), z.unknown()))(hostile);
    expect(Object.getPrototypeOf(read.data)).toBe(Object.prototype);
    expect(read.data).toEqual({ a: true });
  });

  it("reads activities as zod does, with any value replaced by any other", () => {
    const activities: readonly Activity[] = [call(), change({ object: "guardrail", action: "delete" })];
    fc.assert(
      fc.property(fc.constantFrom(...activities), fc.nat(), values, (activity, at, value) => {
        const names = Object.keys(activity);
        const name = names[at % names.length] ?? "uid";
        expectSame(Activity, activity);
        expectSame(Activity, { ...activity, [name]: value });
        expectSame(Activity, { ...activity, more: value });
        expectSameOfPresent(Activity, { ...activity, [name]: value });
        expectSameOfPresent(Activity, {
          ...activity,
          [name]: { ...(activity[name as "actor"] ?? {}), uid: value },
        });
      }),
    );
  });
});
