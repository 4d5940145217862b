/**
 * Capacity that is paid by the hour and that nobody calls: a pilot that ended, a migration that never came.
 *
 * Method: what was created, and its calls, on the days on which the same place's logs or bill tell of anything: while
 * they are silent, nothing is known to be idle. What it costs an hour is what its bill says: the median of its days.
 */
import { type CapacityUse, capacityIn, idleMs } from "../cost/capacity.ts";
import { type Activity, isCapacityCharge } from "../model/activity.ts";
import type { Match, Subject } from "../model/finding.ts";
import { DAY_MS, HOUR_MS } from "../model/units.ts";
import { ownerOf } from "../policy/judge.ts";
import type { GroupDetection } from "./detection.ts";
import { counted, dayIn, dollars, evidenceOf, inAccount, shortened } from "./wording.ts";

/** A week holds every weekday's work, and is short against the month by which capacity is committed. */
const IDLE_MS = 7 * DAY_MS;
/** Nano-dollars that it cost since its last call: what a company notices. */
const GRAVE = 1_000e9;

export const idleCapacity: GroupDetection = {
  on: "group",
  rule: {
    id: "083af7db-a422-4b4d-a885-9c92eb2b9f51",
    name: "idle-capacity",
    title: "Paid AI Capacity Is Not Used",
    status: "test",
    level: "medium",
    description:
      "Capacity that is paid by the hour, such as a provisioned deployment, has not been called for seven days: medium, high where its bill since the last call is $1,000 or more.",
    references: [
      "https://learn.microsoft.com/azure/ai-foundry/openai/how-to/provisioned-throughput-onboarding",
      "https://docs.aws.amazon.com/bedrock/latest/userguide/prov-throughput.html",
      "https://www.finops.org/framework/capabilities/usage-optimization/",
    ],
    falsepositives: [
      "Capacity held in reserve for a failover or an announced peak",
      "Calls that reach it by a way that is not logged",
    ],
    tags: ["owasp.llm10-2025"],
    misses:
      "Capacity created before the logs begin, capacity that is called once a week and is far too large, and capacity of a place whose logs and bill tell of nothing else.",
    remedy: "Ask its owner what it waits for; if nothing, delete it, or move the reservation to what is called.",
    quietMs: 7 * DAY_MS,
  },

  /** Changes are few and all kept. Of calls and bills one a day is enough; those of others show that logs go on. */
  remember(activity) {
    if (activity.provider === undefined || activity.view === "gateway" || activity.view === "network")
      return undefined;
    const group = [activity.account?.uid, activity.provider, activity.project?.uid];
    const { kind, detail, deployment, operation, startTime } = activity;
    if (kind === "change") {
      const isOfCapacity = detail?.object === "capacity" || detail?.object === "deployment";
      return isOfCapacity && detail.action !== "read" ? { group, slot: "change", keep: "all" } : undefined;
    }
    const day = Math.floor(startTime / DAY_MS);
    if (isCapacityCharge(activity))
      return { group, slot: `bill ${deployment?.uid ?? ""} ${operation} ${day}`, keep: "earliest" };
    if (kind !== "call") return undefined;
    const called = deployment?.uid ?? deployment?.name ?? "";
    return { group, slot: `call ${called} ${day}`, keep: "earliest" };
  },

  evaluate(remembered, { policy }) {
    const newest = remembered.at(-1);
    if (!newest) return [];
    const capacities = capacityIn(remembered);
    return capacities.flatMap((capacity): Match[] => {
      const { uid, until, since, lastCallTime } = capacity;
      const idle = idleMs(capacity, newest.startTime);
      if (until !== undefined || idle < IDLE_MS) return [];
      const changes = remembered.filter(({ detail }) => detail?.target?.uid?.toLowerCase() === uid);
      const created = changes.find(({ startTime }) => startTime >= since);
      if (!created) return [];
      const lastCall = remembered.findLast(
        (call) => call.startTime === lastCallTime && call.kind === "call" && isOf(call, capacity),
      );
      const bills = billsOf(capacity, capacities, remembered);
      const lastBill = bills.at(-1);
      const hourly = hourlyOf(bills);
      const cost = (hourly * idle) / HOUR_MS;
      const owner = ownerOf(policy, created);
      return [
        {
          subject: subjectOf(capacity),
          reason: `${named(capacity)}${inAccount(lastBill ?? created)} ${
            lastCallTime === undefined
              ? `has not been called since it was created on ${dayIn(since)}`
              : `was last called on ${dayIn(lastCallTime)}`
          } and ${
            hourly === 0
              ? "is paid by the hour"
              : `costs ${dollars(hourly)} an hour: ${dollars(cost)} in ${counted(Math.floor(idle / DAY_MS), "day")} without a call`
          }.`,
          ...(cost >= GRAVE ? { level: "high" as const } : {}),
          time: newest.startTime,
          evidence: [created, ...(lastCall ? [lastCall] : []), ...(lastBill ? [lastBill] : [])].map(evidenceOf),
          count: 0,
          ...(owner === undefined ? {} : { owner }),
        },
      ];
    });
  },
};

function subjectOf({ uid, account, provider }: CapacityUse): Subject {
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(account === undefined ? {} : { account }),
    resource: uid,
  };
}

/** `Capacity replies-ptu (15 units, openai/gpt-4o)` */
function named({ uid, name, units, model }: CapacityUse): string {
  const said = [...(units === undefined ? [] : [counted(units, "unit")]), ...(model === undefined ? [] : [model])];
  return `Capacity ${name ?? shortened(uid)}${said.length === 0 ? "" : ` (${said.join(", ")})`}`;
}

const isOf = ({ deployment, model }: Activity, { uid, name }: CapacityUse): boolean =>
  deployment?.uid?.toLowerCase() === uid ||
  model?.id.toLowerCase() === uid ||
  (name !== undefined && deployment?.name?.toLowerCase() === name.toLowerCase());

/** Lines of a bill for one capacity. Azure names the account that holds it: with two in there nobody knows whose a line is. */
function billsOf(
  capacity: CapacityUse,
  capacities: readonly CapacityUse[],
  remembered: readonly Activity[],
): readonly Activity[] {
  return remembered.filter((line) => {
    if (!isCapacityCharge(line) || line.endTime <= capacity.since) return false;
    if (line.deployment?.uid !== undefined) return isOf(line, capacity);
    const holder = line.project?.uid.toLowerCase();
    const held = capacities.filter(({ uid }) => holder !== undefined && uid.startsWith(`${holder}/`));
    return held.length === 1 && held[0] === capacity;
  });
}

/** Nano-dollars: the upper median of the days, which on the first and the last are not whole; 0 where no bill tells. */
function hourlyOf(bills: readonly Activity[]): number {
  const days = Map.groupBy(bills, ({ startTime }) => Math.floor(startTime / DAY_MS));
  const hourly = [...days.values()].map((lines) =>
    lines.reduce(
      (sum, { cost, startTime, endTime }) =>
        sum + ((cost?.nanoUsd ?? 0) * HOUR_MS) / Math.max(HOUR_MS, endTime - startTime),
      0,
    ),
  );
  return Math.max(0, hourly.toSorted((a, b) => a - b)[hourly.length >> 1] ?? 0);
}
