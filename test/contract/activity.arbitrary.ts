/** Any activity that the schema allows, so that a new field is tried without anyone thinking of it. */
import fc from "fast-check";
import { z } from "zod";
import { ALERT_SCHEMA, type Alert } from "../../shared/cost/alert.ts";
import type { UsageAlert } from "../../shared/cost/watch-usage.ts";
import { Activity } from "../../shared/model/activity.ts";
import type { UsageRow } from "../../shared/model/ledger.ts";
import { type EpochMs, HOUR_MS, MINUTE_MS, type NanoUsd } from "../../shared/model/units.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { usageRow } from "../usage-rows.ts";

/** Words that rules look for, so that branches are reached; and words that nobody would choose. */
const word = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom("aws.bedrock", "openai", "deepseek", "litellm", "anthropic", "eu", "us"),
  },
  { weight: 4, arbitrary: fc.constantFrom("eu-west-1", "us-east-1", "global", "prod", "app", "BedrockAPIKey-1") },
  { weight: 2, arbitrary: fc.constantFrom("arn:aws:iam::1:role/app", "__proto__", "constructor", "*", "!x") },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 20 }) },
);

function arbitraryOf(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  if (schema instanceof z.ZodLiteral) return fc.constantFrom(...schema.values);
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  if (schema instanceof z.ZodString)
    return schema.format === "regex" || schema.safeParse("x").success === false
      ? fc.stringMatching(/^[0-9a-f]{32}$/)
      : word;
  if (schema instanceof z.ZodNumber)
    return schema.isInt
      ? fc.integer({ min: 0, max: 2_000_000_000 })
      : fc.double({ min: 0, max: 1e6, noNaN: true });
  if (schema instanceof z.ZodUnion) return fc.oneof(...schema.options.map(arbitraryOf));
  if (schema instanceof z.ZodArray) return fc.array(arbitraryOf(schema.element), { minLength: 2, maxLength: 3 });
  if (schema instanceof z.ZodRecord) return fc.dictionary(word, arbitraryOf(schema.valueType), { maxKeys: 3 });
  if (schema instanceof z.ZodObject) {
    const entries = Object.entries<z.core.$ZodType>(schema.shape);
    return fc.record(
      Object.fromEntries(
        entries.map(([key, field]) => [key, arbitraryOf(field instanceof z.ZodOptional ? field.unwrap() : field)]),
      ),
      { requiredKeys: entries.filter(([, field]) => !(field instanceof z.ZodOptional)).map(([key]) => key) },
    );
  }
  throw new Error(`no arbitrary for ${schema._zod.def.type}`);
}

export const activities: fc.Arbitrary<Activity> = arbitraryOf(Activity).map((made) => Activity.parse(made));

const patterns = fc.array(
  fc.constantFrom(
    "*",
    "aws.*",
    "openai",
    "!deepseek",
    "eu-*",
    "!us-*",
    "app",
    "global",
    "!*role/app",
    "temporary",
  ),
  { minLength: 1, maxLength: 2 },
);

const clause = (list: string) =>
  fc
    .tuple(
      fc.record(
        {
          models: patterns,
          doors: patterns,
          accounts: patterns,
          principals: patterns,
          regions: patterns,
          credentialTypes: patterns,
          owners: patterns,
          labels: fc.dictionary(fc.constantFrom("eu", "prod"), fc.constantFrom("*", "x"), { maxKeys: 1 }),
          when: fc.constantFrom("activity.count > 1", "activity.usage.inputTokens < 5", "true"),
          until: fc.integer({ min: 0, max: 2_000_000_000 }),
        },
        { requiredKeys: [] },
      ),
      fc.nat(99),
    )
    .map(([scope, line]) => ({ ...scope, name: `${list}[${line}]`, line: line + 1 }));

const clauses = (list: string, more: object = {}) =>
  fc.array(
    clause(list).map((made) => ({ ...made, ...more })),
    { maxLength: 2 },
  );

/** Any policy over words that those activities use. */
export const policies = fc
  .record({
    file: fc.constant("policy.yaml"),
    default: fc.constantFrom("review", "deny", "allow"),
    owners: clauses("owners"),
    approvals: clauses("approvals"),
    denials: clauses("denials"),
    residency: clauses("residency", { allowed: ["eu-*"] }),
    exceptions: clauses("exceptions"),
    gateways: clauses("gateways", { gateway: "litellm" }),
  })
  .map((made) => made as unknown as Policy);

/** Rows of use over some weeks, calls and bills of few accounts and doors, so that they meet. */
export const usageRows = fc.array(
  fc
    .record({
      hour: fc.integer({ min: 0, max: 45 * 24 }).map((hour) => (Date.UTC(2026, 9, 1) + hour * HOUR_MS) as EpochMs),
      isBill: fc.boolean(),
      view: fc.constantFrom<UsageRow["view"][]>("provider", "usage", "gateway", "network"),
      source: fc.constantFrom("aws.cur", "focus", "litellm.spend"),
      account: fc.constantFrom("", "111122223333", "proj_1"),
      principal: fc.constantFrom("", "arn:aws:iam::1:role/app"),
      provider: fc.constantFrom("", "aws.bedrock", "openai"),
      model: fc.constantFrom("", "openai/gpt-4o"),
      owner: fc.constantFrom("", "search"),
      team: fc.constantFrom("", "", "data"),
      calls: fc.nat(9),
      usd: fc.integer({ min: -50, max: 2_000 }),
    })
    .map(({ isBill, view, calls, usd, ...given }) =>
      isBill
        ? usageRow({ ...given, view: "usage", billedNanoUsd: usd * 1e9 })
        : usageRow({ ...given, view, calls, inputTokens: calls * 10, estimatedNanoUsd: Math.max(0, usd) * 1e9 }),
    ),
  { maxLength: 40 },
);

/** Alerts of one detector as the watch over rows gives them, with names that nobody would choose. */
export const usageAlerts = (detector: Alert["detector"]): fc.Arbitrary<UsageAlert> =>
  fc
    .record({
      kind: fc.constantFrom<Alert["subject"]["kind"][]>("principal", "app", "team"),
      uid: word,
      hour: fc.integer({ min: 0, max: 45 * 24 }).map((hour) => (Date.UTC(2026, 9, 1) + hour * HOUR_MS) as EpochMs),
      hours: fc.nat(500),
      minutes: fc.integer({ min: 1, max: 60 }),
      impact: fc.integer({ min: -1_000, max: 3_000 }),
      usual: fc.nat(3_000),
      usedShare: fc.double({ min: 0.85, max: 3, noNaN: true }),
      calls: fc.nat(),
      owner: fc.option(word, { nil: undefined }),
    })
    .map(({ kind, uid, hour, hours, minutes, impact, usual, usedShare, calls, owner }) => {
      const budget = detector.startsWith("budget-") ? { name: uid, usedShare } : undefined;
      const alert: Alert = {
        schema: ALERT_SCHEMA,
        detector,
        subject: { kind, uid },
        startTime: (hour - hours * HOUR_MS) as EpochMs,
        detectedTime: (hour + minutes * MINUTE_MS) as EpochMs,
        impactNanoUsd: (impact * 1e9) as NanoUsd,
        usualNanoUsd: (usual * 1e9) as NanoUsd,
        driver: "calls",
        text: `${uid} spent $1`,
        ...(budget ? { budget } : {}),
      };
      const subject = kind === "principal" ? { principal: uid } : { resource: `${kind} ${uid}` };
      return { alert, subject, hour, calls, ...(owner === undefined ? {} : { owner }) };
    });
