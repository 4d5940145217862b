/** A small judge, a price and a few detections, one of each kind: enough to make every table of a store move. */
import type { ActivityDetection, Detection, GroupDetection } from "../shared/detections/detection.ts";
import { type Activity, modelOf, principalOf } from "../shared/model/activity.ts";
import type { Evidence, Rule } from "../shared/model/finding.ts";
import type { NanoUsd } from "../shared/model/units.ts";
import type { DetectPorts } from "../shared/pipeline/detect.ts";
import type { Judge, Policy } from "../shared/policy/policy.ts";

export const policy: Policy = {
  file: "policy.yaml",
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

/** Sanctions Claude, denies DeepSeek, and knows one owner. */
export const judge: Judge = (activity) => {
  if (activity.kind === "change") return undefined;
  const model = modelOf(activity) ?? "";
  const owner = activity.account?.name;
  return {
    verdict: model.startsWith("anthropic/")
      ? "sanctioned"
      : model.startsWith("deepseek/")
        ? "unsanctioned"
        : "unreviewed",
    clause: model === "" ? "default" : `policy.yaml:${model.length}`,
    ...(owner === undefined ? {} : { owner }),
    reason: "as written",
  };
};

/** A nano-dollar a token; no price for a model nobody knows. */
const price: DetectPorts["price"] = ({ usage, model }) =>
  usage?.inputTokens && model?.name
    ? { nanoUsd: usage.inputTokens as NanoUsd, basis: "estimated", priceSource: "override" }
    : undefined;

const rule = (id: string, name: string, given: Partial<Rule> = {}): Rule => ({
  id: `00000000-0000-4000-8000-${id.padStart(12, "0")}`,
  name,
  title: name,
  status: "stable",
  level: "medium",
  description: name,
  references: [],
  falsepositives: ["none known"],
  tags: [],
  misses: "nothing",
  remedy: "ask",
  quietMs: 1,
  ...given,
});

const evidenceOf = (activity: Activity): Evidence => ({
  uid: activity.uid,
  time: activity.startTime,
  operation: activity.operation,
  facts: { model: modelOf(activity) ?? "-" },
});

const unsanctionedModel: ActivityDetection = {
  on: "activity",
  rule: rule("1", "unsanctioned-model"),
  evaluate(activity, { judgement }) {
    if (judgement?.verdict !== "unsanctioned") return undefined;
    const principal = principalOf(activity);
    return {
      subject: { ...(principal === undefined ? {} : { principal }), model: modelOf(activity) },
      reason: `${principal ?? "Somebody"} used ${modelOf(activity)} through ${activity.provider ?? "an unknown door"}.`,
      ...(activity.outcome?.reason === "denied" ? { level: "low" } : activity.usage ? { level: "high" } : {}),
      time: activity.startTime,
      evidence: [evidenceOf(activity)],
      count: activity.count,
      ...(judgement.owner === undefined ? {} : { owner: judgement.owner }),
      ...(judgement.clause === undefined ? {} : { clause: judgement.clause }),
    };
  },
};

const protectionLowered: ActivityDetection = {
  on: "activity",
  rule: rule("4", "protection-lowered"),
  evaluate(activity) {
    const target = activity.detail?.target?.uid;
    if (!activity.detail?.weakens || target === undefined) return undefined;
    return {
      subject: { resource: target },
      reason: `${activity.operation} lowered ${target}.`,
      time: activity.startTime,
      evidence: [evidenceOf(activity)],
      count: activity.count,
    };
  },
};

/** Three failures of one principal; follows merged activities. */
const manyFailures: GroupDetection = {
  on: "group",
  rule: rule("2", "many-failures", { status: "experimental" }),
  remember(activity) {
    const group = principalOf(activity);
    if (group === undefined || activity.outcome?.status !== "failure") return undefined;
    return { group: [group], slot: "failure", keep: "all" };
  },
  evaluate(remembered) {
    const last = remembered.at(-1);
    const principal = last && principalOf(last);
    if (remembered.length < 3 || !last || principal === undefined) return [];
    return [
      {
        subject: { principal },
        reason: `${principal} failed ${remembered.length} times.`,
        time: last.startTime,
        evidence: remembered.map(evidenceOf),
        count: remembered.length,
      },
    ];
  },
};

/** A change and then a first call in the same account; of every step the earliest. Groups share a subject. */
const changeThenCall: GroupDetection = {
  on: "group",
  rule: rule("3", "change-then-call", { level: "high" }),
  remember(activity) {
    if (activity.account === undefined || (activity.kind !== "change" && activity.kind !== "call"))
      return undefined;
    return { group: [activity.account.uid, activity.provider], slot: activity.kind, keep: "earliest" };
  },
  evaluate(remembered) {
    const [change, call] = remembered;
    const account = change?.account?.uid;
    if (change?.kind !== "change" || call?.kind !== "call" || account === undefined) return [];
    return [
      {
        subject: { account },
        reason: `${change.operation} and then ${call.operation} in ${account}.`,
        time: call.startTime,
        evidence: remembered.map(evidenceOf),
        count: 1,
      },
    ];
  },
};

export const detections: readonly Detection[] = [
  unsanctionedModel,
  protectionLowered,
  manyFailures,
  changeThenCall,
];

export const world = { policy, judge, price, detections };
