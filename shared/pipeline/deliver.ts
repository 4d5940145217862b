/**
 * What a sink is owed: every state change of a finding that it has not been told, once. Counts that grow are no state
 * change; they show when the next one is told.
 */
import type { Finding, Level, Rule } from "../model/finding.ts";
import { levels } from "../model/finding.ts";
import { uidOf } from "../model/uid.ts";
import type { EpochMs } from "../model/units.ts";
import type { Change, Delivery, Sink } from "../sinks/sink.ts";

/** What a sink was told of a finding last. */
export interface Told {
  readonly status: Finding["status"];
  readonly level: Level;
  /** State changes told so far; 0 where it was looked at and the sink need not know. */
  readonly times: number;
  readonly reference?: string;
}

export interface Owed {
  readonly finding: Finding;
  /** Absent: nobody has looked yet whether the sink should know. */
  readonly told?: Told;
}

/** To be recorded, in the transaction that handed out what was owed. */
export interface Settled {
  readonly findingUid: string;
  readonly told: Told;
  /** Why the sink will never take it; recorded, and not tried again. */
  readonly refused?: string;
}

export interface DeliverPorts {
  readonly version: string;
  readonly rules: ReadonlyMap<string, Rule>;
  readonly minimumLevel: Level;
  now(): EpochMs;
  readonly signal: AbortSignal;
  publish(
    messages: readonly { readonly key: string; readonly value: string; readonly id: string }[],
  ): Promise<void>;
}

/** The change that a sink is owed; undefined where it knows all. */
export function changeOwed({ finding, told }: Owed, minimumLevel: Level): Change | undefined {
  const { status, level } = finding;
  if (!told || told.times === 0) {
    const worth = levels.indexOf(level) >= levels.indexOf(minimumLevel) && !finding.experimental;
    return worth && (status === "new" || status === "open" || status === "reopened") ? "new" : undefined;
  }
  const settled = status === "resolved" || status === "suppressed";
  if (status === "reopened" && told.status !== "reopened") return "reopened";
  if (settled && told.status !== status) return status;
  if (status === "acknowledged" && told.status !== "acknowledged") return "acknowledged";
  if (!settled && levels.indexOf(level) > levels.indexOf(told.level)) return "escalated";
  return undefined;
}

/** Throws what the sink throws; what it took before is then tried again, with the same ids. */
export async function deliver<Settings>(
  sink: Sink<Settings>,
  settings: Settings,
  owed: readonly Owed[],
  ports: DeliverPorts,
): Promise<readonly Settled[]> {
  const settled: Settled[] = [];
  const due: (Owed & { readonly change: Change })[] = [];
  for (const one of owed) {
    const change = changeOwed(one, ports.minimumLevel);
    if (change) due.push({ ...one, change });
    else settled.push(seen(one));
  }
  for (let from = 0; from < due.length; from += sink.batchSize) {
    const batch = new Map(due.slice(from, from + sink.batchSize).map((one) => [idOf(one), one]));
    const sent = await sink.send(
      [...batch].map(([id, one]) => deliveryOf(id, one, ports.rules)),
      { settings, version: ports.version, now: ports.now(), signal: ports.signal, publish: ports.publish },
    );
    for (const result of sent) {
      const one = batch.get(result.id);
      if (!one) continue;
      const reference = "reference" in result && result.reference ? result.reference : one.told?.reference;
      settled.push({
        findingUid: one.finding.uid,
        told: {
          status: one.finding.status,
          level: one.finding.level,
          times: (one.told?.times ?? 0) + 1,
          ...(reference === undefined ? {} : { reference }),
        },
        ...("refused" in result ? { refused: result.refused } : {}),
      });
    }
    if (ports.signal.aborted) break;
  }
  return settled;
}

/** Nothing to tell: remembered, so that it is not looked at again before it changes. */
const seen = ({ finding: { uid, status, level }, told }: Owed): Settled => ({
  findingUid: uid,
  told: { ...told, status, level, times: told?.times ?? 0 },
});

const idOf = ({ finding, told, change }: Owed & { change: Change }): string =>
  uidOf("delivery", finding.uid, change, finding.level, told?.times ?? 0);

function deliveryOf(
  id: string,
  { finding, told, change }: Owed & { readonly change: Change },
  rules: ReadonlyMap<string, Rule>,
): Delivery {
  const rule = rules.get(finding.ruleId);
  return {
    id,
    finding,
    change,
    ...(rule ? { rule } : {}),
    ...(told?.reference ? { reference: told.reference } : {}),
  };
}
