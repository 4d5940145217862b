import { describe, expect, it } from "vitest";
import type { Activity } from "../model/activity.ts";
import { anthropicCompliance } from "./anthropic-compliance.ts";

const entry = (type: string, fields: object = {}) => ({
  id: "activity_1",
  created_at: "2026-01-05T09:00:00Z",
  organization_id: "org_1",
  actor: { type: "user_actor", email_address: "ines@birch.example", user_id: "user_1" },
  type,
  ...fields,
});

function activitiesOf(record: unknown): readonly Activity[] {
  const reading = anthropicCompliance.read(record);
  return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
}

const activityOf = (record: unknown): Activity => activitiesOf(record)[0] ?? expect.fail("no activity");
const detailOf = (type: string, fields?: object) => activityOf(entry(type, fields)).detail;

describe("anthropic.compliance", () => {
  it("takes use of the Claude app for a contact, and everything else for a change", () => {
    const kindOf = (type: string) => [type, activityOf(entry(type)).kind];
    const kinds = [
      ["claude_chat_created", "contact"],
      ["claude_chat_viewed", "contact"],
      ["claude_file_uploaded", "contact"],
      ["claude_project_document_uploaded", "contact"],
      ["claude_chat_deleted", "change"],
      ["claude_chat_access_failed", "change"],
      ["claude_artifact_sharing_updated", "change"],
      ["claude_user_settings_updated", "change"],
      ["platform_file_uploaded", "change"],
      ["garden_watered", "change"],
    ];
    expect(kinds.map(([type = ""]) => kindOf(type))).toEqual(kinds);
    expect(activityOf(entry("claude_chat_created"))).toMatchObject({
      provider: "anthropic",
      network: { host: "claude.ai" },
    });
  });

  it("drops what its own collector leaves in the feed, and nothing else that reads", () => {
    const accessed = (url?: string) =>
      activitiesOf(entry("compliance_api_accessed", { url, request_method: "GET" }));
    expect(accessed()).toEqual([]);
    expect(accessed("https://api.anthropic.com/v1/compliance/activities?limit=5000")).toEqual([]);
    expect(activitiesOf(entry("platform_usage_report_messages_viewed"))).toEqual([]);
    expect(activitiesOf(entry("platform_usage_report_claude_code_viewed"))).toEqual([]);
    expect(activitiesOf(entry("platform_cost_report_viewed"))).toEqual([]);

    const [read] = accessed("https://api.anthropic.com/v1/compliance/apps/chats?user_ids[]=user_1");
    expect(read?.detail).toEqual({
      object: "other",
      action: "read",
      target: { name: "/v1/compliance/apps/chats", type: "compliance_api" },
      after: { request_method: "GET" },
    });
  });

  it("names what was changed and how, by the words of the type", () => {
    const read = [
      ["admin_api_key_created", "key", "create"],
      ["service_key_revoked", "key", "delete"],
      ["tunnel_token_minted", "key", "create"],
      ["org_ip_restriction_deleted", "network", "delete"],
      ["platform_spend_limit_deleted", "limit", "delete"],
      ["platform_workspace_rate_limit_updated", "limit", "update"],
      ["platform_workspace_member_added", "user", "create"],
      ["platform_workspace_archived", "project", "delete"],
      ["sso_login_succeeded", "authentication", "use"],
      ["org_sso_connection_activated", "authentication", "enable"],
      ["primary_owner_transferred", "role", "update"],
      ["rbac_role_permission_added", "role", "create"],
      ["mcp_server_created", "service", "create"],
      ["org_data_export_started", "other", "read"],
      ["audit_log_export_accessed", "logging", "read"],
      ["garden_watered", "other", "other"],
    ];
    expect(
      read.map(([type = ""]) => {
        const detail = detailOf(type);
        return [type, detail?.object, detail?.action];
      }),
    ).toEqual(read);
  });

  it("says that a protection was lowered only where the feed shows it", () => {
    const compliance = (compliance_api_enabled: boolean, compliance_api_logging_enabled?: boolean) =>
      detailOf("org_compliance_api_settings_updated", { compliance_api_enabled, compliance_api_logging_enabled });
    expect(compliance(true, false)).toMatchObject({ object: "logging", action: "disable", weakens: true });
    expect(compliance(true, true)).toMatchObject({ object: "logging", action: "enable", weakens: false });
    expect(compliance(false, true)?.weakens).toBe(true);
    expect(compliance(false)?.weakens).toBe(true);

    expect(detailOf("org_sso_toggled", { enabled: "false" })).toMatchObject({ action: "disable", weakens: true });
    expect(detailOf("org_sso_toggled", { is_enabled: true })).toMatchObject({ action: "enable", weakens: false });
    expect(detailOf("org_sso_toggled")).not.toHaveProperty("weakens");
    expect(detailOf("extra_usage_spend_limit_updated", { is_enabled: false })).toMatchObject({
      action: "disable",
      weakens: true,
    });
    expect(detailOf("extra_usage_spend_limit_created", { is_enabled: false })?.action).toBe("create");
    expect(detailOf("org_ip_restriction_deleted")?.weakens).toBe(true);
    expect(detailOf("org_ip_restriction_created")?.weakens).toBe(false);
    expect(detailOf("org_ip_restriction_updated")).not.toHaveProperty("weakens");
    expect(detailOf("platform_spend_limit_deleted")?.weakens).toBe(true);
    expect(detailOf("org_claude_code_data_sharing_enabled")?.weakens).toBe(true);
    expect(detailOf("org_claude_code_data_sharing_disabled")?.weakens).toBe(false);
    expect(detailOf("platform_api_key_created")).not.toHaveProperty("weakens");
  });

  it("takes sharing with everybody for a protection lowered, and sharing inside for none", () => {
    const shared = (...types: string[]) =>
      detailOf("claude_artifact_sharing_updated", { audience: types.map((type) => ({ type })) });
    expect(shared("organization", "public")).toMatchObject({
      weakens: true,
      after: { audience: "organization, public" },
    });
    expect(shared("organization")).not.toHaveProperty("weakens");
  });

  it("keeps flags, numbers and code words of settings, never what a person wrote", () => {
    const detail = detailOf("claude_organization_settings_updated", {
      updates: [
        { type: "data_retention_period", previous_value: "30d", current_value: "indefinite" },
        { type: "instructions", previous_value: "", current_value: "never mention the canary" },
        { type: "greeting", previous_value: "Canary", current_value: "c".repeat(65) },
        { type: "web_search", current_value: true },
      ],
    });
    expect(detail).toEqual({
      object: "data-retention",
      action: "update",
      before: { data_retention_period: "30d" },
      after: { data_retention_period: "indefinite", web_search: true },
    });
  });

  it("names each kind of actor, and no uid for one who only claims to be somebody", () => {
    const by = (actor: object) => {
      const activity = activityOf(entry("garden_watered", { actor }));
      return [activity.actor, activity.credential];
    };
    expect(by({ type: "user_actor", user_id: "user_1", email_address: "ines@birch.example" })).toEqual([
      { uid: "user_1", name: "ines@birch.example", type: "human" },
      undefined,
    ]);
    expect(by({ type: "unauthenticated_user_actor", unauthenticated_email_address: "x@birch.example" })).toEqual([
      { name: "x@birch.example" },
      undefined,
    ]);
    expect(by({ type: "api_actor", api_key_id: "apikey_1" })).toEqual([
      undefined,
      { uid: "apikey_1", type: "api-key" },
    ]);
    expect(by({ type: "service_account_actor", service_account_id: "svac_1" })).toEqual([
      { uid: "svac_1", type: "workload" },
      undefined,
    ]);
    expect(by({ type: "federated_identity_actor", subject: "repo:birch/app" })).toEqual([
      { uid: "repo:birch/app", type: "workload" },
      undefined,
    ]);
    expect(by({ type: "scim_directory_sync_actor", directory_id: "dir_1" })).toEqual([
      { uid: "dir_1", type: "service" },
      undefined,
    ]);
    expect(by({ type: "anthropic_actor", email_address: null })).toEqual([{ type: "service" }, undefined]);
    expect(by({ type: "attested_device_actor", external_client_id: "phone-1" })).toEqual([
      { uid: "phone-1" },
      undefined,
    ]);
    expect(by({ type: "moon_actor", user_id: "user_1" })).toEqual([{ uid: "user_1" }, undefined]);
  });

  it("loses a field that a new type uses for something else, not the entry", () => {
    expect(detailOf("garden_watered", { role: { unlike: 1 }, group_name: "beds", updates: "none" })).toEqual({
      object: "other",
      action: "other",
      target: { name: "beds" },
    });
  });

  it("tells acts that were refused from acts that failed", () => {
    const outcomeOf = (type: string, fields?: object) => activityOf(entry(type, fields)).outcome;
    expect(outcomeOf("sso_login_failed")).toEqual({ status: "failure", reason: "denied" });
    expect(outcomeOf("claude_chat_access_failed")).toEqual({ status: "failure", reason: "denied" });
    expect(outcomeOf("org_directory_resync_failed")).toEqual({ status: "failure", reason: "error" });
    const accessed = (status_code: number) =>
      outcomeOf("compliance_api_accessed", { url: "/v1/compliance/groups", status_code });
    expect(accessed(399)).toEqual({ status: "success" });
    expect(accessed(400)).toEqual({ status: "failure", reason: "error", code: "400" });
    expect(accessed(403)).toEqual({ status: "failure", reason: "denied", code: "403" });
    expect(accessed(429)).toEqual({ status: "failure", reason: "throttled", code: "429" });
  });
});
