/**
 * What a sink is owed: every state change of a finding that it has not been told, once. Counts that grow are no state
 * change; they show when the next one is told.
 */
import { PipelineError } from "../model/errors.ts";
import type { Finding, Level, Rule } from "../model/finding.ts";
import { levels } from "../model/finding.ts";
import { uidOf } from "../model/uid.ts";
import type { EpochMs } from "../model/units.ts";
import type { Change, Delivery, Sent, Sink } from "../sinks/sink.ts";

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

/** To be recorded. */
export interface Settled {
  readonly findingUid: string;
  readonly told: Told;
  /** Why the sink does not take it: recorded, and not tried again before the finding's state changes. */
  readonly refused?: string;
}

export interface DeliveredBatch {
  readonly settled: readonly Settled[];
  /** What the sink threw when it had told that much. */
  readonly failure?: unknown;
}

export interface DeliverPorts {
  readonly version: string;
  readonly rules: ReadonlyMap<string, Rule>;
  readonly minimumLevel: Level;
  now(): EpochMs;
  /** Aborted when no further delivery is to be begun. */
  readonly enough: AbortSignal;
  /** Aborted when what is at hand is to be given up, whether the sink listens or not. */
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

/**
 * Tells one batch of what is owed; what is left stays owed, as does what the sink had not told when it failed, and comes
 * again with the same id.
 */
export async function deliver<Settings>(
  sink: Sink<Settings>,
  settings: Settings,
  owed: readonly Owed[],
  ports: DeliverPorts,
): Promise<DeliveredBatch> {
  const settled: Settled[] = [];
  const due: Due[] = [];
  for (const one of owed) {
    const change = changeOwed(one, ports.minimumLevel);
    if (change) due.push({ ...one, change });
    else settled.push(seen(one));
  }
  if (due.length === 0) return { settled };
  // Not always the same first: one that its receiver chokes on must not stand before all others for ever.
  const first = ports.now() % due.length;
  const batch = new Map(
    [...due.slice(first), ...due.slice(0, first)].slice(0, sink.batchSize).map((one) => [idOf(one), one]),
  );

  const results = sink
    .send(
      [...batch].map(([id, one]) => deliveryOf(id, one, ports.rules)),
      { settings, version: ports.version, now: ports.now(), signal: ports.signal, publish: ports.publish },
    )
    [Symbol.asyncIterator]();
  const givenUp = untilAborted(ports.signal);
  try {
    while (!ports.enough.aborted) {
      const { value: sent, done } = await Promise.race([results.next(), givenUp]);
      if (done) break;
      for (const result of sent) {
        const one = batch.get(result.id);
        if (one) settled.push(toldOf(one, result));
      }
    }
    return { settled };
  } catch (failure) {
    return { settled, failure };
  }
}

type Due = Owed & { readonly change: Change };

function toldOf({ finding, told }: Owed, result: Sent): Settled {
  const isRefused = "refused" in result;
  const reference = "reference" in result && result.reference ? result.reference : told?.reference;
  return {
    findingUid: finding.uid,
    told: {
      status: finding.status,
      level: finding.level,
      times: (told?.times ?? 0) + (isRefused ? 0 : 1),
      ...(reference === undefined ? {} : { reference }),
    },
    ...(isRefused ? { refused: result.refused } : {}),
  };
}

/** Rejects once the signal is aborted, and never resolves. */
function untilAborted(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    const giveUp = () =>
      reject(new PipelineError("upstream-unavailable", "the sink did not answer in the time there was"));
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
  });
  aborted.catch(() => {});
  return aborted;
}

/** Nothing to tell: remembered, so that it is not looked at again before it changes. */
const seen = ({ finding: { uid, status, level }, told }: Owed): Settled => ({
  findingUid: uid,
  told: { ...told, status, level, times: told?.times ?? 0 },
});

const idOf = ({ finding, told, change }: Due): string =>
  uidOf("delivery", finding.uid, change, finding.level, told?.times ?? 0);

function deliveryOf(id: string, { finding, told, change }: Due, rules: ReadonlyMap<string, Rule>): Delivery {
  const rule = rules.get(finding.ruleId);
  return {
    id,
    finding,
    change,
    ...(rule ? { rule } : {}),
    ...(told?.reference ? { reference: told.reference } : {}),
  };
}
