import { expect, it } from "vitest";
import { call, contact, matchOf } from "../../test/example-activities.ts";
import { unsanctionedDoor } from "./unsanctioned-door.ts";

const BEDROCK = "default: deny\napprovals:\n  - {name: claude, doors: aws.bedrock}";
const match = (policy: string, activity = contact()) => matchOf(unsanctionedDoor, activity, policy);

it("is silent about an approved door", () => {
  expect(match(BEDROCK, call())).toBeUndefined();
});

it("says which machine contacted which service, lowly, since a name looked up is not yet use", () => {
  expect(match(BEDROCK)).toMatchObject({
    subject: { principal: "i-0123", provider: "deepseek" },
    reason: "i-0123 in account 111122223333 contacted deepseek (chat.deepseek.com): no approval covers this door.",
    level: "low",
  });
});

it("is louder about a call than about a contact, and about what is denied than about what is not approved", () => {
  const vertex = call({ provider: "gcp.vertex_ai" });
  expect(match(BEDROCK, vertex)?.level).toBe("medium");
  expect(match("denials:\n  - doors: deepseek")?.level).toBe("medium");
  expect(match("denials:\n  - doors: gcp.*", vertex)?.level).toBe("high");
});

it("puts a contact that nobody is named for to the account", () => {
  const { actor: _, ...nameless } = contact();
  expect(match(BEDROCK, nameless)?.subject).toEqual({ account: "111122223333", provider: "deepseek" });
});

it("makes one finding of an unreviewed door per account", () => {
  const review = "approvals:\n  - doors: aws.bedrock";
  expect(match(review)).toMatchObject({
    subject: { account: "111122223333", provider: "deepseek" },
    level: "informational",
  });
});

it("speaks where the policy denies by default and approves nothing", () => {
  expect(match("default: deny", call())?.reason).toContain("the policy approves nothing");
});

it("leaves a workload that has a gateway to the rule about gateways", () => {
  const policy = `${BEDROCK}\ngateways:\n  - {gateway: litellm, principals: i-0123}`;
  expect(match(policy)).toBeUndefined();
  expect(match(`${policy}\ndenials:\n  - doors: deepseek`)).toBeDefined();
});
