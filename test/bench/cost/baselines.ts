/** What others do, on the same hourly dollars of principals, evaluated at the close of the hour. */
import { HOURS, type Organization } from "./organization.ts";
import { type Claim, groupsOf } from "./score.ts";

export type Baseline = (organization: Organization) => readonly Claim[];

/** Nobody alerts on the same subject more than once a day. */
const QUIET_HOURS = 24;

/** `fires` is asked with a principal's dollars and an hour, all before it known; `delay` passes before it is said. */
function perPrincipal(
  detector: string,
  fires: (cost: Float64Array, hour: number) => boolean,
  delay = 0,
): Baseline {
  return (organization) => {
    const claims: Claim[] = [];
    for (const [key, { cost }] of groupsOf(organization)) {
      if (!key.startsWith("principal ")) continue;
      const uid = key.slice("principal ".length);
      let last = Number.NEGATIVE_INFINITY;
      for (let hour = 0; hour < HOURS; hour++) {
        if (hour - last < QUIET_HOURS || !fires(cost, hour)) continue;
        last = hour;
        claims.push({ kind: "principal", uid, time: hour + 1 + delay, about: hour + 1, detector });
      }
    }
    return claims;
  };
}

const between = (cost: Float64Array, from: number, to: number): Float64Array =>
  cost.subarray(Math.max(0, from), to);
const total = (values: Float64Array): number => values.reduce((all, value) => all + value, 0);

export const fixed = (dollars: number): Baseline =>
  perPrincipal(`fixed $${dollars}/h`, (cost, hour) => (cost[hour] ?? 0) >= dollars);

/** Mean and deviation of the last seven days. */
export const sigmas = (count: number): Baseline =>
  perPrincipal(`${count} sigma`, (cost, hour) => {
    if (hour < 168) return false;
    const past = between(cost, hour - 168, hour);
    const mean = total(past) / past.length;
    const deviation = Math.sqrt(past.reduce((all, value) => all + (value - mean) ** 2, 0) / past.length);
    const value = cost[hour] ?? 0;
    return value > mean + count * deviation && value - mean >= 5;
  });

export const dayOverDay = (ratio: number): Baseline =>
  perPrincipal("day over day", (cost, hour) => {
    if (hour % 24 !== 23 || hour < 47) return false;
    const today = total(between(cost, hour - 23, hour + 1));
    const yesterday = total(between(cost, hour - 47, hour - 23));
    return today >= (1 + ratio) * yesterday && today - yesterday >= 5;
  });

/**
 * As AWS Cost Anomaly Detection is documented: rolling 24 hours against the same of the days before, three times a
 * day, ten days of history, at least 40 % and $20; and with the delay of billing data, or without. Not AWS's model.
 */
export const daily = (deviations: number, delay: number, everyHours: number): Baseline =>
  perPrincipal(
    "daily, as AWS",
    (cost, hour) => {
      if ((hour + 1) % everyHours !== 0) return false;
      const days: number[] = [];
      for (let back = 1; back <= 28 && hour + 1 - 24 * (back + 1) >= 0; back++)
        days.push(total(between(cost, hour + 1 - 24 * (back + 1), hour + 1 - 24 * back)));
      while (days.length > 0 && days.at(-1) === 0) days.pop();
      if (days.length < 10) return false;
      const today = total(between(cost, hour - 23, hour + 1));
      const usual = median(days);
      const spread = 1.4826 * median(days.map((value) => Math.abs(value - usual))) + 0.05 * usual;
      return today - usual >= 20 && today >= 1.4 * usual && today - usual >= deviations * spread;
    },
    delay,
  );

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
