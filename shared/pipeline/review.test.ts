import { beforeEach, describe, expect, it } from "vitest";
import { billedOn, loggedOn, november, settledMonth } from "../../test/billed-month.ts";
import { billWithoutCalls } from "../detections/bill-without-calls.ts";
import { unattributedSpend } from "../detections/unattributed-spend.ts";
import type { UsageRow } from "../model/ledger.ts";
import { noPolicy } from "../policy/parse-policy.ts";
import { openMemoryStore } from "../store/memory-store.ts";
import type { Store } from "../store/store.ts";
import { type ReviewPorts, review } from "./review.ts";

let store: Store;
beforeEach(() => {
  store = openMemoryStore();
});

const add = (rows: readonly UsageRow[]) => store.transact((tables) => tables.addUsage(rows));
const ask = (ports: Partial<ReviewPorts> = {}) =>
  review(store, { policy: noPolicy, detections: [billWithoutCalls, unattributedSpend], ...ports });
const reasons = async () => (await store.findings()).map(({ finding }) => finding.reason);

const other = { account: "444455556666" };

describe("a review", () => {
  it("finds what usage adds up to, and changes nothing when it is asked again", async () => {
    await add([...settledMonth(), billedOn(3, 40, other)]);
    const found = await ask();
    expect(found.map(({ finding }) => finding.reason)).toEqual([
      "$40.00 of aws.bedrock in account 444455556666 on 3 Nov 2026 has no logged call.",
    ]);
    const before = await store.dump();
    expect(await ask()).toEqual([]);
    expect(await store.dump()).toEqual(before);
  });

  it("restates a finding when a late bill adds to it", async () => {
    await add([...settledMonth(), billedOn(3, 40, other)]);
    const [first] = await ask();
    await add([billedOn(5, 60, other)]);
    const [second] = await ask();
    expect(second?.finding.uid).toBe(first?.finding.uid);
    expect(second?.finding).toMatchObject({
      reason: expect.stringMatching(/^\$100 .* on 2 days from 3 Nov 2026 to 5 Nov 2026 /),
      matches: 1,
      firstSeenTime: november(3),
      lastSeenTime: november(5),
    });
    expect(second?.revision).toBe((first?.revision ?? 0) + 1);
  });

  it("takes back what late logs explain", async () => {
    await add([...settledMonth(), billedOn(3, 40, other)]);
    await ask();
    await add([loggedOn(3, 40, other)]);
    expect(await ask()).toEqual([]);
    expect(await reasons()).toEqual([]);
    expect((await store.dump())["rule_group"]).toEqual([]);
  });

  it("goes on counting in the next month", async () => {
    await add([...settledMonth(), billedOn(3, 40, other), billedOn(32, 50, other)]);
    await ask();
    expect((await store.findings())[0]?.finding).toMatchObject({ matches: 2, lastSeenTime: november(32) });
  });

  it("leaves months alone that it is not asked about", async () => {
    await add([...settledMonth(), billedOn(3, 40, other), billedOn(32, 50, other)]);
    await ask();
    await add([loggedOn(3, 40, other), loggedOn(32, 50, other)]);
    await ask({ since: november(33) });
    expect((await store.findings())[0]?.finding).toMatchObject({ matches: 1, lastSeenTime: november(3) });
    await ask();
    expect(await reasons()).toEqual([]);
  });

  it("knows from the month before since when there have been logs", async () => {
    await add([...settledMonth(), billedOn(1, 40, other)]);
    expect(await ask({ since: november(9) })).toHaveLength(1);
  });

  it("keeps what a person decided", async () => {
    await add([...settledMonth(), billedOn(3, 40, other)]);
    const uid = (await ask())[0]?.finding.uid ?? "";
    await store.transact(async (tables) => {
      const held = (await tables.claimFindings([uid])).get(uid);
      if (held) await tables.putFindings([{ ...held, finding: { ...held.finding, status: "acknowledged" } }], []);
    });
    await add([billedOn(5, 60, other)]);
    expect((await ask())[0]?.finding).toMatchObject({ status: "acknowledged" });
  });

  it("has nothing to say of an empty store, or with no detection that looks at usage", async () => {
    expect(await ask()).toEqual([]);
    await add(settledMonth());
    expect(await ask({ detections: [] })).toEqual([]);
  });
});
