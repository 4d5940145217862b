import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CHAIN_START,
  type Changes,
  call,
  change,
  DENIED,
  groupMatchesOf,
  openedAndCalled,
} from "../../test/example-activities.ts";
import type { Activity } from "../model/activity.ts";
import { levels } from "../model/finding.ts";
import { modelAccessChain } from "./model-access-chain.ts";

const model = { id: "anthropic.claude-sonnet-4-5-v1:0", vendor: "anthropic", name: "anthropic/claude-sonnet-4-5" };
const at = (seconds: number, changes: Changes = {}): Changes => ({
  startTime: CHAIN_START + seconds * 1_000,
  ...changes,
});

const form = (when: Changes) =>
  change({ object: "use-case-form", action: "create" }, { operation: "PutUseCaseForModelAccess", ...when });
const agreement = (when: Changes) => change({ object: "agreement", action: "create" }, { model, ...when });
const entitlement = (when: Changes) => change({ object: "entitlement", action: "enable" }, { model, ...when });
const look = (when: Changes) => change({ object: "model-availability", action: "read" }, { model, ...when });
const use = (when: Changes) => call({ model, ...when });

const found = (activities: readonly Activity[], policy = "") =>
  groupMatchesOf(modelAccessChain, activities, policy);

const attack = openedAndCalled;

describe("a model opened and called", () => {
  it("is one high finding that tells the steps and how long they took", () => {
    const [match, ...others] = found(attack);
    expect(others).toEqual([]);
    expect(match).toMatchObject({
      subject: { principal: "arn:aws:iam::111122223333:role/app", account: "111122223333" },
      level: "high",
      time: CHAIN_START + 94_000,
      reason:
        "role/app submitted the use-case form, accepted the agreement and enabled the model, and called anthropic/claude-sonnet-4-5 for the first time, all within 94 s in account 111122223333, asking meanwhile whether it was available.",
      evidence: [
        { operation: "PutUseCaseForModelAccess" },
        { facts: { changed: "create agreement" } },
        { facts: { changed: "enable entitlement" } },
        { facts: { changed: "read model-availability" } },
        { operation: "InvokeModel" },
      ],
    });
  });

  it("is the same finding in any order of arrival, and however often it is read", () => {
    const expected = found(attack);
    fc.assert(
      fc.property(fc.shuffledSubarray([...attack], { minLength: attack.length }), fc.nat(5), (shuffled, other) => {
        expect(found([...shuffled, ...shuffled.slice(0, other)])).toEqual(expected);
      }),
    );
  });

  it("is found across sessions of a role, and not across principals or accounts", () => {
    const session = (name: string) => ({ actor: { issuerUid: "role/x", sessionUid: name } });
    expect(
      found([agreement(at(0, session("a"))), entitlement(at(1, session("b"))), use(at(2, session("c")))]),
    ).toMatchObject([{ level: "high" }]);
    expect(found([agreement(at(0)), use(at(2, { actor: { uid: "bob" } }))])).toEqual([]);
    expect(found([agreement(at(0)), use(at(2, { account: { uid: "2" } }))])).toEqual([]);
  });

  it("is found to the end of a quarter of an hour, and no further", () => {
    expect(found([agreement(at(0)), entitlement(at(1)), use(at(900))])).toMatchObject([{ level: "high" }]);
    expect(found([agreement(at(0)), entitlement(at(0)), use(at(901))])).toMatchObject([
      { level: "medium", reason: expect.not.stringContaining("called") },
    ]);
    expect(found([agreement(at(0)), entitlement(at(900))])).toMatchObject([{ level: "medium" }]);
    expect(found([agreement(at(0)), entitlement(at(901))])).toEqual([]);
  });

  it("names the model that was opened where another one of its vendor was called", () => {
    const opus = { id: "anthropic.claude-opus-4-5-v1:0", vendor: "anthropic", name: "anthropic/claude-opus-4-5" };
    const [match] = found([agreement(at(0, { model: opus })), entitlement(at(2, { model: opus })), use(at(9))]);
    expect(match?.reason).toContain(
      "enabled the model for anthropic/claude-opus-4-5, and called anthropic/claude-sonnet-4-5 for the first time",
    );
  });

  it("is medium with a single step", () => {
    const medium = [{ level: "medium", reason: expect.stringContaining("enabled the model, and called") }];
    expect(found([entitlement(at(0)), use(at(30))])).toMatchObject(medium);
    expect(found([entitlement(at(0)), use(at(30)), form(at(40))])).not.toMatchObject([{ level: "high" }]);
  });

  it("takes only a first call, that succeeded, of a model by the same vendor", () => {
    const steps = [agreement(at(10)), entitlement(at(11))];
    const medium = [{ level: "medium" }];
    expect(found([...steps, use(at(0)), use(at(20))])).toMatchObject(medium);
    expect(found([...steps, use(at(20, { outcome: DENIED }))])).toMatchObject(medium);
    expect(found([...steps, use(at(20, { model: { id: "meta.llama", vendor: "meta" } }))])).toMatchObject(medium);
    expect(found([use(at(0, { outcome: DENIED })), ...steps, use(at(20))])).toMatchObject([{ level: "high" }]);
  });
});

describe("steps without a call", () => {
  it("are medium where they are several", () => {
    expect(found([form(at(0)), agreement(at(60))])).toMatchObject([
      {
        level: "medium",
        reason:
          "role/app submitted the use-case form and accepted the agreement for anthropic/claude-sonnet-4-5 within 60 s in account 111122223333.",
      },
    ]);
  });

  it("are nothing where it is one, however often it is taken", () => {
    expect(found([entitlement(at(0)), entitlement(at(5)), look(at(6))])).toEqual([]);
  });

  it("are low where they were refused", () => {
    expect(found([agreement(at(0, { outcome: DENIED })), entitlement(at(5, { outcome: DENIED }))])).toMatchObject([
      { level: "low", reason: expect.stringContaining("tried several steps to open a model") },
    ]);
    expect(found([agreement(at(0, { outcome: DENIED }))])).toEqual([]);
  });
});

it("tells the gravest of several chains, and of equal ones the latest", () => {
  const later = 86_400;
  const other = { model: { id: "anthropic.claude-opus", vendor: "anthropic" } };
  const shorter = [agreement(at(later)), entitlement(at(later + 1)), use(at(later + 2, other))];
  expect(found([...attack, ...shorter])).toEqual(found(attack));
  const earlier = found(attack);
  expect(found([...attack, form(at(later)), agreement(at(later + 1))])).toEqual(earlier);
  const twice = [
    form(at(later)),
    agreement(at(later + 1, other)),
    entitlement(at(later + 2, other)),
    use(at(later + 9, other)),
  ];
  expect(found([...attack, ...twice])).toMatchObject([{ level: "high", time: CHAIN_START + (later + 9) * 1_000 }]);
});

it("names the owner of the account", () => {
  expect(found(attack, "owners:\n  - {name: payments, accounts: '111122223333'}")).toMatchObject([
    { owner: "payments" },
  ]);
});

it("remembers nothing of other doors, of gateways, of nobody and of calls that name no model", () => {
  const { actor: _, credential: __, ...nobody } = use(at(0));
  for (const activity of [
    use(at(0, { provider: "openai" })),
    use(at(0, { view: "gateway" })),
    nobody,
    use(at(0, { model: undefined })),
  ])
    expect(modelAccessChain.remember(activity)).toBeUndefined();
});

it("never grows milder when more of the chain is seen", () => {
  const level = (activities: readonly Activity[]) =>
    levels.indexOf(found(activities)[0]?.level ?? "informational");
  const succeeded = attack.filter(({ kind }) => kind === "change");
  fc.assert(
    fc.property(fc.subarray(succeeded), fc.constantFrom(...succeeded), (some, more) => {
      expect(level([...some, more])).toBeGreaterThanOrEqual(level(some));
    }),
  );
});
