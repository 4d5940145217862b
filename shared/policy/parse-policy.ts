/** The policy as a person writes it, in YAML: checked as a whole, every mistake with its place. */
import { z } from "zod";
import { Credential } from "../model/activity.ts";
import { compileCondition } from "./condition.ts";
import { didYouMean } from "./did-you-mean.ts";
import { checkedText, doorPattern, likewise, oneOrMore, pattern, until } from "./fields.ts";
import { itemsOf, sameNames, textAt } from "./lists.ts";
import { compilePatterns, patternProblem } from "./pattern.ts";
import type { Policy } from "./policy.ts";
import { budgetShape, eventShape } from "./spending.ts";
import { byPosition, checkShape, type Problem, readYaml } from "./yaml-document.ts";

/** `file` is the name that problems and clauses carry: `policy.yaml`. Never throws. */
export function parsePolicy(
  text: string,
  file: string,
): { readonly policy: Policy } | { readonly problems: readonly Problem[] } {
  const document = readYaml(text, file);
  if (!("value" in document)) return document;
  const read = checkShape(document, policyShape(gatewaysNamedIn(document.value)));
  const problems = [...sameNames(document, listNames), ...("problems" in read ? read.problems : [])].sort(
    byPosition,
  );
  if (problems.length > 0 || "problems" in read) return { problems };

  const { default: fallback, ...lists } = read.value;
  const clausesOf = <T extends { readonly name?: string }>(list: string, clauses: readonly T[]) =>
    clauses.map((clause, index) => ({
      ...clause,
      name: clause.name ?? `${list}[${index}]`,
      line: document.place([list, index]).line,
    }));
  return {
    policy: {
      file,
      default: fallback,
      owners: clausesOf("owners", lists.owners),
      approvals: clausesOf("approvals", lists.approvals),
      denials: clausesOf("denials", lists.denials),
      residency: clausesOf("residency", lists.residency),
      exceptions: clausesOf("exceptions", lists.exceptions),
      gateways: clausesOf("gateways", lists.gateways),
      budgets: lists.budgets,
      events: lists.events,
    },
  };
}

/** For editors: what a policy file may hold. Patterns, dates and conditions are checked by `parsePolicy` alone. */
export const policyJsonSchema = (): z.core.JSONSchema.BaseSchema =>
  z.toJSONSchema(policyShape([]), { io: "input" });

/** No policy file: nothing is approved or denied, so nothing that is only unreviewed becomes a finding. */
export const noPolicy: Policy = {
  file: "no policy",
  default: "review",
  owners: [],
  approvals: [],
  denials: [],
  residency: [],
  exceptions: [],
  gateways: [],
  budgets: [],
  events: [],
};

function policyShape(gateways: readonly string[]) {
  const text = z.string().min(1);
  const door = doorPattern(gateways);
  const credentialType = checkedText((value) => patternProblem(value) ?? credentialTypeProblem(value));

  const owned = {
    models: oneOrMore(pattern).describe("Model names, `anthropic/claude-*` or `claude-*`, or ids as logged."),
    doors: oneOrMore(door).describe("Providers or gateways: `aws.bedrock`, `litellm`."),
    accounts: oneOrMore(pattern).describe("Accounts, subscriptions, projects or organizations, by id or name."),
    principals: oneOrMore(pattern).describe("Users, roles, service accounts or keys, by id, name or e-mail."),
    regions: oneOrMore(pattern).describe("Where it is requested and processed."),
    credentialTypes: oneOrMore(credentialType),
    labels: z.record(text, pattern).exactOptional().describe("Tags of the request, all of which must match."),
    when: checkedText(conditionProblem).exactOptional().describe("CEL over `activity`, true or false."),
    until: until
      .exactOptional()
      .describe("The last day it holds, UTC; with a time, the first instant it no longer does."),
    reason: text.exactOptional(),
    name: text.exactOptional(),
  };
  const scope = { ...owned, owners: oneOrMore(pattern).describe("Names from `owners`.") };
  const meaningful = z.strictObject(scope).refine(namesSomething, {
    error: 'matches everything; write models: "*" if that is meant',
    when: ({ issues }) => issues.length === 0,
  });
  const list = <Shape extends z.ZodType>(clause: Shape) =>
    z
      .array(clause)
      .nullish()
      .transform((clauses) => clauses ?? []);

  return z.strictObject({
    default: z
      .enum(["review", "deny", "allow"])
      .default("review")
      .describe("What no clause decides: unreviewed, unsanctioned or sanctioned."),
    owners: list(z.strictObject({ ...owned, name: text, contact: text.exactOptional() })).describe(
      "Who answers for what. The first that matches.",
    ),
    approvals: list(meaningful).describe("Use that is sanctioned. All named parts must match."),
    denials: list(meaningful).describe("Use that is forbidden, whatever approves it."),
    residency: list(
      z.strictObject({
        ...scope,
        allowed: z.union([pattern, z.array(pattern).min(1)]).transform((given) => [given].flat()),
      }),
    ).describe("Regions in which matching use may be requested and processed. All that match apply."),
    exceptions: list(meaningful).describe("Use to which no denial, residency clause or default applies."),
    gateways: list(z.strictObject({ ...scope, gateway: text })).describe(
      "Workloads that are to reach vendors through a gateway.",
    ),
    budgets: list(budgetShape).describe("What may be spent, or used, in a month or so many days."),
    events: list(eventShape).describe("When use is expected to be unusual, and is no surprise."),
  });
}

const credentialTypes: readonly string[] = [...Credential.shape.type.unwrap().options, "virtual"];

function credentialTypeProblem(pattern: string) {
  const type = pattern.replace(/^!/, "");
  const matches = compilePatterns([type]);
  if (credentialTypes.some((known) => matches([known]))) return undefined;
  const suggestion = didYouMean(type, credentialTypes);
  const message = suggestion
    ? "no such credential type"
    : `no such credential type; known: ${credentialTypes.join(", ")}`;
  return { message, ...(suggestion === undefined ? {} : { suggestion: likewise(pattern, suggestion) }) };
}

function conditionProblem(expression: string) {
  const compiled = compileCondition(expression);
  return "problem" in compiled ? compiled.problem : undefined;
}

/** A name, a reason and a date select nothing. */
const namesSomething = (clause: object): boolean =>
  Object.keys(clause).some((key) => key !== "name" && key !== "reason" && key !== "until");

const listNames = [
  "owners",
  "approvals",
  "denials",
  "residency",
  "exceptions",
  "gateways",
  "budgets",
  "events",
] as const;

/** A company's own gateway is a door once the policy names it. Read before anything is checked. */
const gatewaysNamedIn = (policy: unknown): string[] =>
  itemsOf(policy, "gateways").flatMap((clause) => textAt(clause, "gateway") ?? []);
