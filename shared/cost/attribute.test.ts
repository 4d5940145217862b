import { describe, expect, it } from "vitest";
import { activity } from "../../test/activities.ts";
import type { Activity } from "../model/activity.ts";
import { attributionOf } from "./attribute.ts";

const of = (labels: Activity["labels"], given: Partial<Activity> = {}) =>
  attributionOf(activity({ labels, ...given }));

describe("attribution", () => {
  it("reads labels in any case and spelling", () => {
    for (const name of ["cost_center", "Cost-Center", "CostCenter", "cost center"])
      expect(of({ [name]: "search" })).toEqual({ team: "search" });
    expect(of({ "service.name": "assistant", useCase: "rank", Tenant: "acme" })).toEqual({
      app: "assistant",
      task: "rank",
      customer: "acme",
    });
  });

  it("takes the more telling of two labels, whichever stands first", () => {
    for (const labels of [
      { owner: "ann", team: "search" },
      { team: "search", owner: "ann" },
    ])
      expect(of(labels)).toEqual({ team: "search" });
  });

  it("takes what a tag says before what a profile, a gateway's key or its end user say", () => {
    const deployment = { uid: "arn:profile/abc", name: "abc", type: "application-inference-profile" };
    const labels = { keyAlias: "search-prod", endUser: "u1" };
    expect(of({ ...labels, app: "chat", customer: "acme" }, { deployment })).toEqual({
      app: "chat",
      customer: "acme",
    });
    expect(of(labels, { deployment })).toEqual({ app: "abc", customer: "u1" });
    expect(of(labels, { deployment: { name: "gpt-4o", type: "Standard" } })).toEqual({
      app: "search-prod",
      customer: "u1",
    });
  });

  it("takes the session behind a gateway's role for its caller, unless nobody named it", () => {
    const session = (role: string, name: string) =>
      of(undefined, {
        actor: {
          issuerUid: `arn:aws:iam::1:role/${role}`,
          sessionUid: `arn:aws:sts::1:assumed-role/${role}/${name}`,
        },
      });
    expect(session("litellm-prod", "acme")).toEqual({ customer: "acme" });
    for (const name of ["i-0abc1234", "botocore-session-1700000000", "1700000000", "litellm-prod"])
      expect(session("litellm-prod", name)).toEqual({});
    expect(session("search-api", "acme")).toEqual({});
  });

  it("makes no application, team or task of the id of one request, and customers may be ids", () => {
    const id = "0b6f2a52-8b7e-4a53-9a3c-1d2f3a4b5c6d";
    expect(of({ task: id, app: "1700000000", team: "deadbeefdeadbeef01", customer: id })).toEqual({
      customer: id,
    });
    expect(of({ task: "0042", app: "rank-v2" })).toEqual({ task: "0042", app: "rank-v2" });
    // The next label that says it counts.
    expect(of({ task: id, feature: "rank" })).toEqual({ task: "rank" });
  });

  it("guesses nothing", () => {
    expect(of({ stage: "prod", version: "search" })).toEqual({});
    expect(of(undefined)).toEqual({});
  });
});
