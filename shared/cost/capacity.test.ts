import { describe, expect, it } from "vitest";
import { activity, START } from "../../test/activities.ts";
import type { Activity } from "../model/activity.ts";
import { DAY_MS, type EpochMs } from "../model/units.ts";
import { capacityUse } from "./capacity.ts";

const ARN = "arn:aws:bedrock:eu-central-1:111122223333:provisioned-model/p0q1";
const day = (days: number) => (START + days * DAY_MS) as EpochMs;
const account = { uid: "111122223333" };

const change = (days: number, detail: NonNullable<Activity["detail"]>, given: Partial<Activity> = {}) =>
  activity({ kind: "change", startTime: day(days), account, provider: "aws.bedrock", detail, ...given });
const created = (days: number, after: NonNullable<Activity["detail"]>["after"] = { modelUnits: 2 }) =>
  change(days, { object: "capacity", action: "create", target: { uid: ARN, name: "summaries" }, after });
const call = (days: number, given: Partial<Activity>) => activity({ startTime: day(days), account, ...given });

async function* stream(activities: readonly Activity[]) {
  for (const one of activities) yield { activity: one };
}
const of = (...activities: readonly Activity[]) => capacityUse(stream(activities));

describe("capacity", () => {
  it("is what was created, with its units, and how it was called by its ARN, uid or name", async () => {
    expect(
      await of(
        created(0),
        call(1, { model: { id: ARN } }),
        call(2, { deployment: { uid: ARN.toUpperCase() } }),
        call(3, { deployment: { name: "Summaries" } }),
        call(4, { deployment: { name: "summaries" }, account: { uid: "another" } }),
        call(5, { model: { id: "amazon.nova-pro-v1:0" } }),
      ),
    ).toEqual([
      {
        uid: ARN,
        name: "summaries",
        account: "111122223333",
        provider: "aws.bedrock",
        units: 2,
        since: day(0),
        calls: 3,
        lastCallTime: day(3),
      },
    ]);
  });

  it("is a deployment only of the provisioned kind", async () => {
    const deployed = (sku: string) =>
      change(0, {
        object: "deployment",
        action: "create",
        target: { uid: `/deployments/${sku}` },
        after: { sku, capacity: 100 },
      });
    const found = await of(deployed("GlobalStandard"), deployed("ProvisionedManaged"));
    expect(found).toMatchObject([{ uid: "/deployments/provisionedmanaged", units: 100 }]);
  });

  it("goes on when it is written again, ends when it is deleted, and begins anew after that", async () => {
    const deleted = change(5, { object: "capacity", action: "delete", target: { uid: ARN } });
    const called = call(1, { model: { id: ARN } });
    expect(await of(created(0), called, created(2, { modelUnits: 4 }))).toMatchObject([
      { since: day(0), calls: 1, units: 4 },
    ]);
    expect(await of(created(0), called, deleted)).toMatchObject([{ until: day(5), calls: 1 }]);
    const [again] = await of(created(0), called, deleted, created(6));
    expect(again).toMatchObject({ since: day(6), calls: 0 });
    expect(again?.until).toBeUndefined();
  });

  it("ends where a deployment is written anew to be paid by the token", async () => {
    const deployed = (days: number, sku: string) =>
      change(days, {
        object: "deployment",
        action: "create",
        target: { uid: "/deployments/replies" },
        after: { sku, capacity: 100 },
      });
    expect(await of(deployed(0, "ProvisionedManaged"), deployed(4, "GlobalStandard"))).toMatchObject([
      { since: day(0), until: day(4), units: 100 },
    ]);
  });

  it("is not there when its creation failed", async () => {
    expect(await of({ ...created(0), outcome: { status: "failure", reason: "denied" } })).toEqual([]);
  });
});
