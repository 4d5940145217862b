/**
 * A team whose members all spend somewhat more for days: too little to see on any one of them, unmistakable
 * together. The member who rose most does not count, nor does what the whole organization does (a holiday's end).
 */
import type { Bar, Evidence } from "./evidence.ts";
import { DAYS_KEPT, type SeriesState, SIZES_KEPT } from "./series-state.ts";
import { dayLift } from "./step.ts";

interface Member {
  readonly uid: string;
  readonly state: SeriesState;
}

const CLIP = 2.5;
const LEAST_MEMBERS = 4;
const LIFT = 2;
/** Today must rise as well: a lift that is over is no news. */
const LIFT_TODAY = 0.4;
const LIFT_DOLLARS = 10;
const LIFT_RATIO = 1.15;

/** Mean lift of everybody on a day, where it rises; a falling organization lifts nobody. */
export function organizationLift(everybody: readonly SeriesState[], day: number): number {
  let sum = 0;
  let count = 0;
  for (const state of everybody) {
    const lift = dayLift(state, day);
    if (Number.isNaN(lift)) continue;
    sum += clip(lift);
    count++;
  }
  return count > 0 ? Math.max(0, sum / count) : 0;
}

/**
 * `background` by how many days ago: the organization's own lift; as many days are looked back on. Asked once a day, after
 * the day's close.
 */
export function teamLift(
  members: readonly Member[],
  background: readonly number[],
  day: number,
  bar: Bar,
): Evidence | undefined {
  let best = 0;
  let bestDays = 0;
  let sum = 0;
  for (const [back, everybodys] of background.entries()) {
    const lift = joint(members, day - back, everybodys);
    if (lift === undefined || (back === 0 && lift <= LIFT_TODAY)) return undefined;
    sum += lift;
    const over = sum / Math.sqrt(back + 1);
    if (over > best) {
      best = over;
      bestDays = back + 1;
    }
  }
  if (best < LIFT + bar.decades) return undefined;

  const rises: { uid: string; rise: number; usual: number }[] = [];
  let cost = 0;
  let usual = 0;
  let today = 0;
  /** What it had cost, had calls kept their size. */
  let ofUsualSize = 0;
  for (const { uid, state } of members) {
    let rise = 0;
    let usualOfMember = 0;
    for (let back = 0; back < bestDays; back++) {
      const lift = dayLift(state, day - back);
      if (Number.isNaN(lift)) continue;
      const dollars = dollarsOn(state, day - back);
      const usually = usualOn(state, day - back);
      cost += dollars;
      usual += usually;
      usualOfMember += usually;
      ofUsualSize += dollars / sizeRatio(state, day - back);
      rise += dollars - usually;
      if (back === 0) today += dollars - usually;
    }
    rises.push({ uid, rise, usual: usualOfMember });
  }
  if (today < LIFT_DOLLARS * bar.dollars) return undefined;
  const most = rises.reduce((one, other) => (other.rise > one.rise ? other : one));
  const usualOfOthers = usual - most.usual;
  if (cost - most.usual - most.rise < LIFT_RATIO * usualOfOthers) return undefined;
  const risen = rises.filter(({ rise }) => rise > 0).sort((a, b) => b.rise - a.rise || (a.uid < b.uid ? -1 : 1));
  const total = risen.reduce((all, { rise }) => all + rise, 0);
  let calls = 0;
  let tokens = 0;
  let dollars = 0;
  for (const { state } of members) {
    calls += state.usualCalls;
    tokens += state.usualTokens;
    dollars += state.usualCost;
  }
  const perCall = dollars > 0 ? calls / dollars : 0;
  const perDollar = dollars > 0 ? tokens / dollars : 0;
  return {
    detector: "team-lift",
    startHour: (day - bestDays + 1) * 24,
    cost,
    usualCost: usual,
    calls: ofUsualSize * perCall,
    usualCalls: usual * perCall,
    tokens: cost * perDollar,
    usualTokens: usual * perDollar,
    hourExcess: today / 24,
    children: risen.slice(0, 3).map(({ uid, rise }) => ({ uid, share: rise / total })),
  };
}

const clip = (lift: number): number => Math.max(-CLIP, Math.min(CLIP, lift));

/** Stouffer's sum of the members' lifts above the background, without the member who rose most. */
function joint(members: readonly Member[], day: number, background: number): number | undefined {
  let sum = 0;
  let greatest = -CLIP;
  let count = 0;
  for (const { state } of members) {
    const lift = clip(dayLift(state, day));
    if (Number.isNaN(lift)) continue;
    sum += lift - background;
    greatest = Math.max(greatest, lift - background);
    count++;
  }
  return count < LEAST_MEMBERS ? undefined : (sum - greatest) / Math.sqrt(count - 1);
}

/** Tokens of a day's calls against the usual. */
function sizeRatio(state: SeriesState, day: number): number {
  const size = state.sizes[day % SIZES_KEPT] ?? Number.NaN;
  return state.sizeSpread > 0 && !Number.isNaN(size) ? Math.exp(size - state.sizeUsual) : 1;
}

const dollarsOn = (state: SeriesState, day: number): number => state.days[day % DAYS_KEPT] ?? 0;

/** The mean of the same weekday in the weeks before. */
function usualOn(state: SeriesState, day: number): number {
  let sum = 0;
  let weeks = 0;
  for (let back = 7; back <= 28; back += 7) {
    sum += dollarsOn(state, day - back);
    weeks++;
  }
  return sum / weeks;
}
