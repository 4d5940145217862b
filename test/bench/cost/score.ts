/**
 * How alerts compare with what was injected. An anomaly counts once, by its first alert; an alert on a team or app
 * counts only where the anomaly is more than 15 % of what it spent in a day; alerts within two days after an anomaly
 * are neutral; every other alert is false, repeats included.
 */
import { type Anomaly, type AnomalyType, HOURS, type Organization, WARM_UP_HOURS } from "./organization.ts";

/** An alert by any method: about a principal, a team or an app, at a time in hours since the start. */
export interface Claim {
  readonly kind: "principal" | "app" | "team";
  readonly uid: string;
  readonly time: number;
  /** The time it is about, where it is said later: an alert on yesterday's data still found yesterday's anomaly. */
  readonly about?: number;
  readonly detector: string;
  readonly driver?: string;
}

export interface Score {
  readonly anomalies: readonly Found[];
  readonly falseClaims: readonly Claim[];
  readonly principalMonths: number;
}

export interface Found {
  readonly type: AnomalyType;
  readonly excess: number;
  /** Dollars of excess before the first alert; all of it where there was none. */
  readonly lost: number;
  /** Hours from its beginning to the first alert; undefined where there was none. */
  readonly delay: number | undefined;
  /** What the first alert named as the cause. */
  readonly driver: string | undefined;
}

/** What a person would name as the cause. */
export const DRIVERS: Readonly<Record<AnomalyType, readonly string[]>> = {
  runaway_loop: ["calls", "tokens per call"],
  slow_leak: ["tokens per call"],
  stolen_key_night: ["calls", "price per token"],
  model_swap: ["price per token"],
  token_blowup: ["tokens per call"],
  retry_storm: ["calls"],
  low_and_slow: ["calls"],
  denial_of_wallet: ["calls", "tokens per call"],
  new_spender: ["new spender"],
};

const GRACE_HOURS = 6;
const NEUTRAL_HOURS = 48;
const LEAST_SHARE = 0.15;
const PRINCIPALS = 90;

export function score(organization: Organization, claims: readonly Claim[]): Score {
  const { anomalies } = organization;
  const groups = groupsOf(organization);
  const first = new Map<Anomaly, Claim>();
  const falseClaims: Claim[] = [];
  for (const claim of claims.toSorted((a, b) => a.time - b.time)) {
    const about = claim.about ?? claim.time;
    if (about < WARM_UP_HOURS) continue;
    const group = groups.get(`${claim.kind} ${claim.uid}`);
    let known = false;
    for (const anomaly of anomalies) {
      if (!anomaly.principals.some((principal) => group?.members.has(principal))) continue;
      const age = about - (anomaly.from + anomaly.offset);
      const after = about - anomaly.to;
      if (age < 0 || after > NEUTRAL_HOURS) continue;
      if (after > GRACE_HOURS) {
        known = true;
        continue;
      }
      if (claim.kind !== "principal" && shareOfDay(anomaly, group?.cost, about) <= LEAST_SHARE) continue;
      known = true;
      if (!first.has(anomaly)) first.set(anomaly, claim);
    }
    if (!known) falseClaims.push(claim);
  }
  return {
    anomalies: anomalies.map((anomaly) => {
      const claim = first.get(anomaly);
      const time = claim?.time;
      return {
        type: anomaly.type,
        excess: anomaly.totalExcess,
        lost: time === undefined ? anomaly.totalExcess : excessBefore(anomaly, time),
        delay: time === undefined ? undefined : time - anomaly.from - anomaly.offset,
        driver: claim?.driver,
      };
    }),
    falseClaims,
    principalMonths: (PRINCIPALS * (HOURS - WARM_UP_HOURS)) / 24 / 30,
  };
}

function excessBefore(anomaly: Anomaly, time: number): number {
  let dollars = 0;
  anomaly.excess.forEach((excess, index) => {
    const start = anomaly.from + index + (index === 0 ? anomaly.offset : 0);
    const end = anomaly.from + index + 1;
    dollars += excess * Math.max(0, Math.min(1, (time - start) / (end - start)));
  });
  return dollars;
}

function shareOfDay(anomaly: Anomaly, cost: Float64Array | undefined, time: number): number {
  let excess = 0;
  let all = 0;
  const last = Math.min(HOURS - 1, Math.floor(time));
  for (let hour = Math.max(0, last - 23); hour <= last; hour++) {
    excess += anomaly.excess[hour - anomaly.from] ?? 0;
    all += cost?.[hour] ?? 0;
  }
  return all > 0 ? excess / all : 0;
}

interface Group {
  readonly members: Set<number>;
  readonly cost: Float64Array;
}

/** Principals, apps and teams with their members and hourly dollars. */
export function groupsOf({ principals, leaves }: Organization): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  for (const leaf of leaves) {
    const name = principals[leaf.principal]?.name;
    for (const key of [`principal ${name}`, `app ${leaf.app}`, `team ${leaf.team}`]) {
      let group = groups.get(key);
      if (!group) {
        group = { members: new Set(), cost: new Float64Array(HOURS) };
        groups.set(key, group);
      }
      group.members.add(leaf.principal);
      for (let hour = 0; hour < HOURS; hour++) group.cost[hour] = (group.cost[hour] ?? 0) + (leaf.cost[hour] ?? 0);
    }
  }
  return groups;
}

export interface Figures {
  readonly recall: number;
  readonly precision: number;
  readonly falsePerPrincipalMonth: number;
  readonly medianDelay: number;
  readonly lateDelay: number;
  readonly lost: number;
}

export function figuresOf(scores: readonly Score[]): Figures {
  const anomalies = scores.flatMap((one) => one.anomalies);
  const delays = anomalies.flatMap(({ delay }) => (delay === undefined ? [] : [delay])).sort((a, b) => a - b);
  const falseClaims = sum(scores.map((one) => one.falseClaims.length));
  return {
    recall: delays.length / anomalies.length,
    precision: delays.length / (delays.length + falseClaims),
    falsePerPrincipalMonth: falseClaims / sum(scores.map((one) => one.principalMonths)),
    medianDelay: delays[Math.floor(delays.length / 2)] ?? Number.NaN,
    lateDelay: delays[Math.floor(delays.length * 0.9)] ?? Number.NaN,
    lost: sum(anomalies.map(({ lost }) => lost)) / sum(anomalies.map(({ excess }) => excess)),
  };
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
