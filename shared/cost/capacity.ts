/** Capacity that is paid by the hour, as the ledger's changes tell of it, and whether anybody calls it. */
import { type Activity, modelOf } from "../model/activity.ts";
import type { EpochMs } from "../model/units.ts";

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
 * Provisioned throughput, PTU deployments, dedicated clusters. Entries by start time, as a store streams them. What was
 * created before the ledger begins is not known.
 */
export async function capacityUse(
  entries: AsyncIterable<{ readonly activity: Activity }>,
): Promise<readonly CapacityUse[]> {
  const known = new Map<string, CapacityUse>();
  const byName = new Map<string, string>();
  for await (const { activity } of entries) {
    const { kind, account, deployment, outcome, detail, startTime } = activity;
    if (kind === "change") {
      const uid = detail?.target?.uid?.toLowerCase();
      if (!detail || uid === undefined || outcome?.status === "failure") continue;
      const before = known.get(uid);
      if (detail.action === "delete" && before) known.set(uid, { ...before, until: startTime });
      if (detail.action !== "create" || !isPaidByTheHour(activity)) continue;
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
  return [...known.values()];
}

const isPaidByTheHour = ({ detail }: Activity): boolean =>
  detail?.object === "capacity" ||
  (detail?.object === "deployment" && /provisioned/i.test(String(detail.after?.["sku"] ?? "")));

function unitsOf({ detail }: Activity): { units?: number } {
  const units = detail?.after?.["capacity"] ?? detail?.after?.["modelUnits"];
  return typeof units === "number" ? { units } : {};
}
