/** Capacity that is paid by the hour, as changes and calls tell of it, and whether anybody calls it. */
import { type Activity, modelOf } from "../model/activity.ts";
import { DAY_MS, type EpochMs } from "../model/units.ts";
import { dayOf } from "./bill-periods.ts";

export interface CapacityUse {
  readonly uid: string;
  readonly name?: string;
  readonly account?: string;
  readonly provider?: string;
  readonly model?: string;
  /** PTU, model units, replicas: as the vendor counts them. */
  readonly units?: number;
  readonly since: EpochMs;
  /** When it was deleted. */
  readonly until?: EpochMs;
  readonly calls: number;
  readonly lastCallTime?: EpochMs;
}

/**
 * For how long nobody has called it, by whole days of UTC before the last on which its place told anything: whether the
 * first call of a day is kept, or all of them, must not make a difference.
 */
export const idleMs = ({ since, lastCallTime }: CapacityUse, newest: EpochMs): number =>
  dayOf(newest) - Math.ceil(Math.max(since, lastCallTime ?? since) / DAY_MS) * DAY_MS;

/**
 * Provisioned throughput, PTU deployments, dedicated clusters. Entries by start time, as a store streams them. What was
 * created before the ledger begins is not known.
 */
export async function capacityUse(
  entries: AsyncIterable<{ readonly activity: Activity }>,
): Promise<readonly CapacityUse[]> {
  const book = newBook();
  for await (const { activity } of entries) enter(book, activity);
  return [...book.known.values()];
}

/** The same of activities at hand, by start time. */
export function capacityIn(activities: readonly Activity[]): readonly CapacityUse[] {
  const book = newBook();
  for (const activity of activities) enter(book, activity);
  return [...book.known.values()];
}

interface Book {
  readonly known: Map<string, CapacityUse>;
  readonly byName: Map<string, string>;
}

const newBook = (): Book => ({ known: new Map(), byName: new Map() });

function enter({ known, byName }: Book, activity: Activity): void {
  const { kind, account, deployment, outcome, detail, startTime } = activity;
  if (kind === "change") {
    const uid = detail?.target?.uid?.toLowerCase();
    if (!detail || uid === undefined || outcome?.status === "failure") return;
    const before = known.get(uid);
    const isPaid = detail.action === "create" && isPaidByTheHour(activity);
    // A deployment that is written anew by the token is no capacity any more.
    const ends = detail.action === "delete" || (detail.after?.["sku"] !== undefined && !isPaid);
    if (ends && before?.until === undefined && before) known.set(uid, { ...before, until: startTime });
    if (!isPaid) return;
    const name = detail.target?.name;
    const model = modelOf(activity);
    // A second write to what is there changes it; what was deleted begins anew.
    const held = before && before.until === undefined ? before : { uid, since: startTime, calls: 0 };
    known.set(uid, {
      ...held,
      ...(name === undefined ? {} : { name }),
      ...(account === undefined ? {} : { account: account.uid }),
      ...(activity.provider === undefined ? {} : { provider: activity.provider }),
      ...(model === undefined ? {} : { model }),
      ...unitsOf(activity),
    });
    if (name !== undefined) byName.set(`${account?.uid ?? ""} ${name.toLowerCase()}`, uid);
  } else if (kind === "call") {
    const named = deployment?.name && byName.get(`${account?.uid ?? ""} ${deployment.name.toLowerCase()}`);
    const uid = [deployment?.uid?.toLowerCase(), activity.model?.id.toLowerCase(), named].find(
      (one) => one !== undefined && known.has(one),
    );
    const called = uid === undefined ? undefined : known.get(uid);
    if (uid !== undefined && called)
      known.set(uid, { ...called, calls: called.calls + 1, lastCallTime: startTime });
  }
}

const isPaidByTheHour = ({ detail }: Activity): boolean =>
  detail?.object === "capacity" ||
  (detail?.object === "deployment" && /provisioned/i.test(String(detail.after?.["sku"] ?? "")));

function unitsOf({ detail }: Activity): { units?: number } {
  const units = detail?.after?.["capacity"] ?? detail?.after?.["modelUnits"];
  return typeof units === "number" ? { units } : {};
}
