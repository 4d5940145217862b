import { expect, it } from "vitest";
import { call, matchOf } from "../../test/example-activities.ts";
import { unsanctionedRegion } from "./unsanctioned-region.ts";

const EUROPE = "default: deny\napprovals:\n  - {name: claude, regions: eu-*}";
const match = (activity = call(), policy = EUROPE) => matchOf(unsanctionedRegion, activity, policy);

it("is silent about an approved region", () => {
  expect(match()).toBeUndefined();
});

it("names the region where it ran, or else where it was requested", () => {
  expect(match(call({ region: { requested: "ap-south-1" } }))).toMatchObject({
    subject: { principal: "arn:aws:iam::111122223333:role/app", provider: "aws.bedrock", region: "ap-south-1" },
    reason: expect.stringContaining('"claude" approves it in other regions'),
    level: "medium",
  });
  expect(match(call({ region: { requested: "eu-west-1", processed: "us-east-1" } }))?.subject.region).toBe(
    "us-east-1",
  );
});

it("is grave where the region is denied", () => {
  expect(match(call(), "denials:\n  - regions: eu-*")?.level).toBe("high");
});
