/** What every sink must do, against a server or folder that the caller brings. */
import { afterEach, describe, expect, it } from "vitest";
import { Finding } from "../../shared/model/finding.ts";
import { uidOf } from "../../shared/model/uid.ts";
import { EpochMs } from "../../shared/model/units.ts";
import { deliver } from "../../shared/pipeline/deliver.ts";
import { detections } from "../../shared/registry.ts";
import type { Delivery, SendContext, Sent, Sink } from "../../shared/sinks/sink.ts";

export interface World {
  readonly settings: unknown;
  /** Everything that arrived, as text, one entry a message or file; what is the same message twice counts once. */
  arrived(): Promise<readonly string[]>;
  /** What each message says it is, so that a receiver can drop the same; absent where it is the uid of an OCSF event. */
  uids?(): Promise<readonly string[]>;
  /** From the next but `after` on the other side answers so; absent where there is no other side to answer. */
  answer?(status: number, after?: number): void;
  close(): Promise<void>;
}

const HOSTILE = '<!channel> =cmd|"\u202e</script>';

export function finding(name: string, change: Partial<Finding> = {}): Finding {
  const rule = detections[0]?.rule;
  if (!rule) throw new Error("no rule on the shelf");
  return Finding.parse({
    schema: "gnomon.finding/v1",
    uid: uidOf("test", name),
    ruleId: rule.id,
    ruleName: rule.name,
    title: rule.title,
    level: "high",
    status: "new",
    subject: { principal: `arn:aws:iam::111122223333:role/${name}`, model: "anthropic/claude-sonnet-4-5" },
    reason: `${name} did something that nobody approved.`,
    firstSeenTime: 1_790_000_000_000,
    lastSeenTime: 1_790_000_360_000,
    matches: 2,
    count: 7,
    evidence: [],
    ...change,
  });
}

export const delivery = (name: string, change: Partial<Delivery> = {}): Delivery => ({
  id: uidOf("delivery", name),
  finding: finding(name),
  change: "new",
  ...(detections[0] ? { rule: detections[0].rule } : {}),
  ...change,
});

/** Everything it says until it ends. */
export const sentBy = async <Settings>(
  sink: Sink<Settings>,
  deliveries: readonly Delivery[],
  context: SendContext<Settings>,
): Promise<readonly Sent[]> => (await Array.fromAsync(sink.send(deliveries, context))).flat();

const eventUids = (messages: readonly string[]): string[] =>
  messages
    .flatMap((text) => text.trim().split("\n"))
    .map((line) => (JSON.parse(line) as { metadata: { uid: string } }).metadata.uid);

const published: string[] = [];

const contextFor = (settings: unknown) => ({
  settings,
  version: "0.0.0",
  now: EpochMs.parse(1_790_000_400_000),
  signal: new AbortController().signal,
  publish: async (messages: readonly { id: string; value: string }[]) => {
    for (const { value } of messages) if (!published.includes(value)) published.push(value);
  },
});

export function describeSink(sink: Sink, open: () => Promise<World>): void {
  describe(sink.id, () => {
    const worlds: World[] = [];
    const world = async () => {
      const one = await open();
      worlds.push(one);
      published.length = 0;
      return one;
    };
    const arrivedIn = async (one: World) => [...(await one.arrived()), ...published];
    afterEach(async () => {
      await Promise.all(worlds.splice(0).map((one) => one.close()));
    });

    it("tells every finding, and says so of each", async () => {
      const here = await world();
      const deliveries = ["a", "b", "c"].map((name) => delivery(name));
      const sent = await sentBy(sink, deliveries, contextFor(here.settings));
      expect(sent.map(({ id }) => id).sort()).toEqual(deliveries.map(({ id }) => id).sort());
      const all = (await arrivedIn(here)).join("\n");
      for (const { finding } of deliveries) expect(all).toContain(finding.uid.slice(0, 8));
    });

    it("does no harm when it tells the same twice", async () => {
      const here = await world();
      const again = [delivery("twice")];
      const [first] = await sentBy(sink, again, contextFor(here.settings));
      const reference = first && "reference" in first ? first.reference : undefined;
      await sentBy(
        sink,
        again.map((one) => ({ ...one, ...(reference ? { reference } : {}) })),
        contextFor(here.settings),
      );
      const messages = await arrivedIn(here);
      expect(new Set(messages).size).toBe(messages.length);
    });

    it("fits its limits with the largest finding, and tells hostile names as names", async () => {
      const here = await world();
      const long = `${HOSTILE}${"x".repeat(1_000)}`;
      const subject = {
        principal: long,
        model: long,
        provider: long,
        account: long,
        region: long,
        resource: long,
      };
      const large = delivery("large", { finding: finding("large", { subject, reason: HOSTILE.repeat(200) }) });
      const sent = await sentBy(sink, [large], contextFor(here.settings));
      expect(sent).toHaveLength(1);
      expect(sent[0]).not.toHaveProperty("refused");
    });

    it("tells what became of a finding", async () => {
      const here = await world();
      const [first] = await sentBy(sink, [delivery("life")], contextFor(here.settings));
      const reference = first && "reference" in first ? first.reference : undefined;
      const resolved = finding("life", { status: "resolved" });
      const sent = await sentBy(
        sink,
        [delivery("life 2", { finding: resolved, change: "resolved", ...(reference ? { reference } : {}) })],
        contextFor(here.settings),
      );
      expect(sent).toHaveLength(1);
      expect((await arrivedIn(here)).join("\n").toLowerCase()).toContain("resolved");
    });

    it("gives two changes two uids, and one change that is told twice the same", async () => {
      const here = await world();
      const resolved = finding("life", { status: "resolved" });
      const told = [
        delivery("life"),
        delivery("life 2", { finding: resolved, change: "resolved" }),
        delivery("life 2", { finding: { ...resolved, count: resolved.count + 1 }, change: "resolved" }),
      ];
      for (const one of told) await sentBy(sink, [one], contextFor(here.settings));
      const uids = (await here.uids?.()) ?? eventUids(await arrivedIn(here));
      if (uids.length > 0) expect(new Set(uids).size).toBe(2);
    });

    it("asks to be tried again where the other side is away, and stops where it is refused", async () => {
      const here = await world();
      if (!here.answer) return;
      for (const [status, code] of [
        [503, "upstream-unavailable"],
        [429, "upstream-unavailable"],
        [401, "upstream-refused"],
        [404, "upstream-refused"],
        [302, "upstream-refused"],
      ] as const) {
        here.answer(status);
        await expect(sentBy(sink, [delivery("refused")], contextFor(here.settings))).rejects.toMatchObject({
          code,
        });
      }
    });

    it("fails at the third of five: the first two are settled, and are not told again", async () => {
      const here = await world();
      if (!here.answer) return;
      const names = ["one", "two", "three", "four", "five"];
      const { version, now, signal, publish } = contextFor(here.settings);
      const minimumLevel = "low" as const;
      const ports = { version, minimumLevel, rules: new Map(), now: () => now, enough: signal, signal, publish };
      const owed = names.map((name) => ({ finding: finding(name) }));
      here.answer(503, 2);
      const first = await deliver(sink, here.settings, owed, ports);
      expect(first.settled.map(({ findingUid }) => findingUid)).toEqual(
        owed.slice(0, 2).map((one) => one.finding.uid),
      );
      expect(first.failure).toMatchObject({ code: "upstream-unavailable" });

      here.answer(200);
      const told = new Set(first.settled.map(({ findingUid }) => findingUid));
      const rest = await deliver(
        sink,
        here.settings,
        owed.filter((one) => !told.has(one.finding.uid)),
        ports,
      );
      expect(rest.failure).toBeUndefined();
      const messages = await arrivedIn(here);
      for (const name of ["one", "two", "four", "five"]) {
        expect(messages.filter((text) => text.includes(`role/${name}`))).toHaveLength(1);
      }
    });

    it("lets doctor try it, which tells nobody of a finding, and leaves nothing behind", async () => {
      const here = await world();
      const { settings, signal } = contextFor(here.settings);
      for (const { attempt } of sink.trials?.({ settings, signal }) ?? []) await attempt?.();
      expect((await arrivedIn(here)).filter((text) => /finding/i.test(text))).toEqual([]);
    });

    it("names no secret when it fails", async () => {
      const here = await world();
      if (!here.answer) return;
      here.answer(401);
      const failure = await sentBy(sink, [delivery("secret")], contextFor(here.settings)).catch(
        (error: unknown) => error,
      );
      expect(String(failure)).not.toContain("made-up-secret");
    });
  });
}
