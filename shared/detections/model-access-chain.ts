/**
 * Somebody opens a model for an account and calls it at once: use-case form, agreement, entitlement, first call.
 *
 * Method: distinct steps by one principal within a window, and in it the principal's first successful call of a model
 * of the same vendor. That is what a thief does with a stolen role: Stratus Red Team, "Invoke Bedrock Model", takes
 * 94 s from form to call; Sysdig, "LLMjacking" (2024-09). Each step by itself is an administrator's daily work.
 */
import { type Activity, modelOf, principalOf } from "../model/activity.ts";
import { type Level, levels, type Match } from "../model/finding.ts";
import { DAY_MS, MINUTE_MS } from "../model/units.ts";
import { ownerOf } from "../policy/judge.ts";
import type { Policy } from "../policy/policy.ts";
import type { GroupDetection } from "./detection.ts";
import { evidenceOf, inAccount, lasting, whoOf } from "./wording.ts";

/**
 * AWS lets a newly entitled model be called after minutes, and a script waits for it by asking again and again; a
 * person who opens a model for others rarely calls it in the same quarter of an hour.
 */
const WINDOW_MS = 15 * MINUTE_MS;

/** Where a model has to be opened before its first call, in steps that a log shows. */
const DOOR = "aws.bedrock";

/** Steps that open a model, in the words of the sentence. */
const steps = new Map<string, string>([
  ["use-case-form", "submitted the use-case form"],
  ["agreement", "accepted the agreement"],
  ["entitlement", "enabled the model"],
]);

export const modelAccessChain: GroupDetection = {
  on: "group",
  rule: {
    id: "f3e01fc0-cc9a-42f6-9f00-040af140e873",
    name: "model-access-chain",
    title: "Model Opened and Called Within Minutes",
    status: "test",
    level: "high",
    description:
      "One principal took the steps that open a model for an account and called it for the first time within 15 minutes: high; several steps without a call, or a single step and a call: medium; several steps that were refused: low.",
    references: [
      "https://stratus-red-team.cloud/attack-techniques/AWS/aws.impact.bedrock-invoke-model/",
      "https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html",
      "https://atlas.mitre.org/techniques/AML.T0034",
    ],
    falsepositives: [
      "An engineer who opens a model by hand and tries it out",
      "The set-up of a new account by code",
    ],
    tags: [
      "attack-version.19",
      "attack.t1078.004",
      "attack.t1496.004",
      "atlas-version.5.6",
      "atlas.aml.t0040",
      "atlas.aml.t0034",
      "owasp.llm10-2025",
    ],
    misses:
      "A thief who finds the model open, who waits longer than 15 minutes, who opens with one identity and calls with another, or who takes a role that has called the model before.",
    remedy:
      "Ask whoever owns the role whether this was planned. If not: revoke its sessions, withdraw the entitlement, and look for its calls in every region.",
    quietMs: 90 * DAY_MS,
  },

  /** Steps are few and all kept. Of calls and of looking around, only the first for each model. */
  remember(activity) {
    const principal = principalOf(activity);
    if (principal === undefined || activity.provider !== DOOR || activity.view !== "provider") return undefined;
    const group = [activity.account?.uid, principal];
    if (stepOf(activity)) return { group, slot: "step", keep: "all" };
    const model = modelOf(activity);
    if (model === undefined || activity.outcome?.status === "failure") return undefined;
    if (activity.kind === "call") return { group, slot: `call ${model}`, keep: "earliest" };
    return isLook(activity) ? { group, slot: `look ${model}`, keep: "earliest" } : undefined;
  },

  evaluate(remembered, { policy }) {
    const taken = remembered.filter((activity) => stepOf(activity) !== undefined);
    const calls = remembered.filter(({ kind }) => kind === "call");
    const looks = remembered.filter(isLook);
    let gravest: Episode | undefined;
    for (const [index, first] of taken.entries()) {
      let end = index;
      while ((taken[end]?.startTime ?? Number.POSITIVE_INFINITY) - first.startTime <= WINDOW_MS) end += 1;
      const within = taken.slice(index, end);
      for (const call of [...calls.filter((called) => follows(called, within)), undefined]) {
        const episode = episodeOf(within, call);
        if (episode && (!gravest || isGraver(episode, gravest))) gravest = episode;
      }
    }
    return gravest ? [matchOf(gravest, looks, policy)] : [];
  },
};

interface Episode {
  readonly level: Level;
  /** The first of each distinct step, in the order taken. */
  readonly steps: readonly [Activity, ...Activity[]];
  readonly call?: Activity;
}

function stepOf({ kind, detail }: Activity): string | undefined {
  if (kind !== "change" || !detail || !["create", "update", "enable"].includes(detail.action)) return undefined;
  return steps.get(detail.object);
}

const isLook = ({ kind, detail }: Activity): boolean =>
  kind === "change" && detail?.object === "model-availability" && detail.action === "read";

const isFailed = ({ outcome }: Activity): boolean => outcome?.status === "failure";

/** Whether a call comes after the first step, in time, and is of a vendor that the steps are about. */
function follows(call: Activity, within: readonly Activity[]): boolean {
  const since = call.startTime - (within[0]?.startTime ?? Number.POSITIVE_INFINITY);
  if (since < 0 || since > WINDOW_MS) return false;
  const vendors = new Set(within.flatMap(({ model }) => model?.vendor ?? []));
  const vendor = call.model?.vendor;
  return vendor === undefined || vendors.size === 0 || vendors.has(vendor);
}

function episodeOf(within: readonly Activity[], call: Activity | undefined): Episode | undefined {
  const before = within.filter(({ startTime }) => call === undefined || startTime <= call.startTime);
  const done = firstOfEach(before.filter((step) => !isFailed(step)));
  const [first, ...others] = done;
  if (first && call) return { level: others.length > 0 ? "high" : "medium", steps: [first, ...others], call };
  if (first && others.length > 0) return { level: "medium", steps: [first, ...others] };
  const [tried, ...more] = firstOfEach(before);
  return tried && more.length > 0 ? { level: "low", steps: [tried, ...more] } : undefined;
}

const firstOfEach = (taken: readonly Activity[]): Activity[] =>
  taken.filter((step, index) => taken.findIndex((earlier) => stepOf(earlier) === stepOf(step)) === index);

/** By level, then by the number of steps, then the later one, so that new events renew the finding. */
function isGraver(a: Episode, b: Episode): boolean {
  const difference = levels.indexOf(a.level) - levels.indexOf(b.level) || a.steps.length - b.steps.length;
  return difference > 0 || (difference === 0 && lastOf(a).startTime > lastOf(b).startTime);
}

const lastOf = ({ steps: taken, call }: Episode): Activity => call ?? taken.at(-1) ?? taken[0];

function matchOf(episode: Episode, looks: readonly Activity[], policy: Policy): Match {
  const { level, steps: taken, call } = episode;
  const [first] = taken;
  const last = lastOf(episode);
  const looked = looks.filter(
    ({ startTime }) =>
      startTime >= first.startTime && startTime <= first.startTime + WINDOW_MS && startTime <= last.startTime,
  );
  const shown = [...taken, ...looked.slice(0, 1), ...(call ? [call] : [])];
  const owner = ownerOf(policy, last);
  const principal = principalOf(first);
  return {
    subject: {
      ...(principal === undefined ? {} : { principal }),
      ...(first.account ? { account: first.account.uid } : {}),
    },
    reason: `${whoOf(first)} ${sentence(episode)}${inAccount(first)}${looked.length > 0 ? ", asking meanwhile whether it was available" : ""}.`,
    level,
    time: last.startTime,
    evidence: shown.map(evidenceOf),
    count: shown.length,
    ...(owner === undefined ? {} : { owner }),
  };
}

function sentence(episode: Episode): string {
  const { level, steps: taken, call } = episode;
  const did = taken.map((step) => stepOf(step) ?? step.operation);
  const took = lasting(lastOf(episode).startTime - taken[0].startTime);
  const opened = taken.map(modelOf).find((name) => name !== undefined);
  if (call) {
    const called = modelOf(call);
    const other = opened === undefined || opened === called ? "" : ` for ${opened}`;
    return `${listed(did)}${other}, and called ${called ?? "a model"} for the first time, all within ${took}`;
  }
  const of = opened === undefined ? "" : ` for ${opened}`;
  return level === "low"
    ? `tried several steps to open a model${of} within ${took}, and was refused`
    : `${listed(did)}${of} within ${took}`;
}

const listed = (items: readonly string[]): string =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
