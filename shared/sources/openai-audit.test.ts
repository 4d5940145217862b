import { describe, expect, it } from "vitest";
import type { Activity } from "../model/activity.ts";
import { openaiAudit } from "./openai-audit.ts";

const event = (type: string, target?: object, more: object = {}) => ({
  id: "audit_log-1",
  type,
  effective_at: 1_767_225_600,
  ...(target ? { [type]: target } : {}),
  ...more,
});

function activityOf(record: unknown): Activity {
  const reading = openaiAudit.read(record);
  if (!("activities" in reading)) expect.fail(reading.rejected);
  return reading.activities[0] ?? expect.fail("no activity");
}

const detailOf = (type: string, target?: object) => activityOf(event(type, target)).detail;

describe("openai.audit", () => {
  it("reads every published type as a change of the kind a person would name", () => {
    const kinds = Object.entries(publishedTypes).flatMap(([kind, types]) =>
      types.map((type) => [type, kind] as const),
    );
    expect(kinds).toHaveLength(145);
    expect(kinds.map(([type]) => [type, detailOf(type)?.object])).toEqual(kinds);
    expect(new Set(kinds.map(([type]) => activityOf(event(type)).kind))).toEqual(new Set(["change"]));
  });

  it("names what was done by the last word of the type", () => {
    const done = [
      ["api_key.created", "create"],
      ["user.added", "create"],
      ["tenant.microsoft_entra_mapping.upserted", "update"],
      ["project.archived", "delete"],
      ["tenant.service_account.token.revoked", "delete"],
      ["certificates.activated", "enable"],
      ["tenant.policy.detached", "disable"],
      ["tenant.user.looked_up", "read"],
      ["login.succeeded", "use"],
      ["tenant.migration.completed", "other"],
    ];
    expect(done.map(([type = ""]) => [type, detailOf(type)?.action])).toEqual(done);
  });

  it("reads a type nobody has published yet as other, with what it was done to", () => {
    const activity = activityOf(event("garden.watered", { id: "bed-1", remark: "CANARY" }));
    expect(activity.detail).toEqual({
      object: "other",
      action: "other",
      target: { uid: "bed-1", type: "garden" },
    });
  });

  it("loses a field that a new type uses for something else, not the event", () => {
    const detail = detailOf("garden.watered", { id: { bed: 1 }, data: "none", name: "beds" });
    expect(detail?.target).toEqual({ name: "beds", type: "garden" });
    expect(activityOf({ ...event("garden.watered"), "garden.watered": ["bed-1"] }).detail?.object).toBe("other");
  });

  it("finds what was changed under the type with dots, and with underscores as Panther writes it", () => {
    const [dotted, flat] = ["role.assignment.deleted", "role_assignment_deleted"].map(
      (key) => activityOf({ ...event("role.assignment.deleted"), [key]: { id: "assignment-1" } }).detail,
    );
    expect(dotted?.target?.uid).toBe("assignment-1");
    expect(flat).toEqual(dotted);
  });

  it("says that a protection was lowered only where the log shows it", () => {
    const logging = (api_call_logging: string) =>
      detailOf("organization.updated", { changes_requested: { api_call_logging } });
    expect(logging("disabled")).toMatchObject({ object: "logging", action: "disable", weakens: true });
    expect(logging("enabled_for_all_projects")).toMatchObject({ object: "logging", weakens: false });
    expect(logging("enabled_per_call")?.weakens).toBeUndefined();
    expect(detailOf("organization.updated", { changes_requested: {} })).toMatchObject({ object: "other" });

    const weakening = ["ip_allowlist.deleted", "ip_allowlist.config.deactivated", "scim.disabled"].concat(
      "certificates.deactivated",
      "external_key.removed",
      "tenant.sso_connection.deleted",
      "tenant.session_policy.deleted",
    );
    expect(weakening.filter((type) => detailOf(type)?.weakens !== true)).toEqual([]);
    expect(detailOf("scim.enabled")?.weakens).toBe(false);
    expect(detailOf("api_key.deleted")?.weakens).toBeUndefined();
  });

  it("takes an allow-list that holds every address for a protection lowered", () => {
    const allowing = (type: string, ...allowed_ips: string[]) => detailOf(type, { allowed_ips })?.weakens;
    expect(allowing("ip_allowlist.created", "198.51.100.0/24")).toBe(false);
    expect(allowing("ip_allowlist.created", "198.51.100.0/24", "0.0.0.0/0")).toBe(true);
    expect(allowing("ip_allowlist.updated", "::/0")).toBe(true);
    expect(allowing("ip_allowlist.updated", "198.51.100.0/24")).toBeUndefined();
    expect(allowing("ip_allowlist.deleted", "0.0.0.0/0")).toBe(false);
  });

  it("keeps the settings that were asked for, never prose", () => {
    const detail = detailOf("api_key.updated", {
      id: "key_1",
      changes_requested: { scopes: ["a", "b"], title: "CANARY" },
    });
    expect(detail?.after).toEqual({ scopes: "a, b" });
  });

  it("names the person of a session, the person or service account of a key, and nobody for nobody", () => {
    const by = (actor: unknown) => {
      const activity = activityOf(event("project.created", { id: "proj_1" }, { actor }));
      return { actor: activity.actor, credential: activity.credential };
    };
    const user = { id: "user-1", email: "ines@birch.example" };
    const human = { uid: "user-1", name: "ines@birch.example", type: "human" };
    expect(by({ type: "session", session: { user } })).toEqual({ actor: human, credential: { type: "console" } });
    expect(by({ type: "api_key", api_key: { id: "key_1", type: "user", user } })).toEqual({
      actor: human,
      credential: { uid: "key_1", type: "api-key" },
    });
    expect(
      by({ type: "api_key", api_key: { type: "service_account", service_account: { id: "svc_1" } } }),
    ).toEqual({
      actor: { uid: "svc_1", type: "workload" },
      credential: { type: "api-key" },
    });
    expect(by(null)).toEqual({ actor: undefined, credential: undefined });
  });

  it("keeps its uid whatever else is said about the event", () => {
    expect(activityOf(event("login.failed")).uid).toBe(activityOf(event("login.succeeded")).uid);
  });
});

/** `AuditLogEventType` of openai/openai-openapi, 2026-08-21, by what each is about. */
const publishedTypes: Readonly<Record<string, readonly string[]>> = {
  key: [
    "api_key.created",
    "api_key.updated",
    "api_key.deleted",
    "tenant.admin_api_key.created",
    "tenant.admin_api_key.updated",
    "tenant.admin_api_key.deleted",
    "tenant.project_api_key.created",
    "tenant.chatgpt_access_token.revoked",
    "tenant.service_account.token.revoked",
  ],
  authentication: [
    "certificate.created",
    "certificate.updated",
    "certificate.deleted",
    "certificates.activated",
    "certificates.deactivated",
    "login.succeeded",
    "login.failed",
    "logout.succeeded",
    "logout.failed",
    "scim.enabled",
    "scim.disabled",
    "workload_identity_provider.created",
    "workload_identity_provider.updated",
    "workload_identity_provider.deleted",
    "workload_identity_provider_mapping.created",
    "workload_identity_provider_mapping.updated",
    "workload_identity_provider_mapping.deleted",
    "tenant.microsoft_entra_mapping.upserted",
    "tenant.microsoft_entra_mapping.deleted",
    "tenant.workload_identity.provider.created",
    "tenant.workload_identity.provider.updated",
    "tenant.workload_identity.provider.archived",
    "tenant.workload_identity.mapping.created",
    "tenant.workload_identity.mapping.updated",
    "tenant.workload_identity.mapping.archived",
    "tenant.workload_identity.binding.created",
    "tenant.workload_identity.principal.provisioned",
    "tenant.workload_identity.access_token.issued",
    "tenant.sso.migrated",
    "tenant.sso_connection.created",
    "tenant.sso_connection.updated",
    "tenant.sso_connection.deleted",
    "tenant.sso_connection.setup.started",
    "tenant.principal_authentication_policy.resolved",
    "tenant.scim.setup.started",
    "tenant.scim.deletion.requested",
    "tenant.scim.directory.created",
    "tenant.session_policy.created",
    "tenant.session_policy.updated",
    "tenant.session_policy.deleted",
    "tenant.session_revocation.started",
  ],
  limit: [
    "rate_limit.updated",
    "rate_limit.deleted",
    "tenant.billing.overage_limit.updated",
    "tenant.billing.alerts.updated",
    "tenant.usage_limit.workspace.updated",
    "tenant.usage_limit.group.updated",
    "tenant.usage_limit.user.updated",
    "tenant.usage_limit.increase_request.updated",
    "tenant.usage_limit.increase_request.resolved",
  ],
  network: [
    "ip_allowlist.created",
    "ip_allowlist.updated",
    "ip_allowlist.deleted",
    "ip_allowlist.config.activated",
    "ip_allowlist.config.deactivated",
    "tunnel.created",
    "tunnel.updated",
    "tunnel.deleted",
  ],
  "custom-model": ["checkpoint.permission.created", "checkpoint.permission.deleted"],
  role: [
    "role.created",
    "role.updated",
    "role.deleted",
    "role.assignment.created",
    "role.assignment.deleted",
    "role.bound_to_resource",
    "role.unbound_from_resource",
    "tenant.policy.created",
    "tenant.policy.updated",
    "tenant.policy.deleted",
    "tenant.policy.attached",
    "tenant.policy.detached",
    "tenant.product_access_policy.updated",
    "tenant.resource_share_grant.created",
    "tenant.resource_share_grant.updated",
    "tenant.resource_share_grant.accepted",
    "tenant.resource_share_grant.declined",
    "tenant.resource_share_grant.revoked",
    "tenant.resource_share_grant.deleted",
    "tenant.role.metadata.updated",
    "tenant.custom_role.created",
    "tenant.custom_role.updated",
    "tenant.custom_role.deleted",
    "tenant.role_assignment.created",
    "tenant.role_assignment.deleted",
    "tenant.resource_role_assignment.created",
    "tenant.resource_role_assignment.deleted",
    "tenant.resource_access.updated",
    "tenant.resource_access.deleted",
  ],
  user: [
    "group.created",
    "group.updated",
    "group.deleted",
    "invite.sent",
    "invite.accepted",
    "invite.deleted",
    "service_account.created",
    "service_account.updated",
    "service_account.deleted",
    "user.added",
    "user.updated",
    "user.deleted",
    "tenant.service_account.updated",
    "tenant.service_account.deleted",
    "tenant.group.created",
    "tenant.group.updated",
    "tenant.group.deleted",
    "tenant.group.member.added",
    "tenant.group.member.removed",
    "tenant.user.added",
    "tenant.user.updated",
    "tenant.user.removed",
    "tenant.user.looked_up",
    "tenant.user.invited",
    "tenant.membership.revoked",
    "tenant.api_organization_invite.upserted",
    "tenant.api_organization_invite.deleted",
    "tenant.chatgpt_workspace_invite.upserted",
    "tenant.membership.accepted",
    "tenant.membership.declined",
    "tenant.workspace_invite_email_settings.updated",
  ],
  project: ["project.created", "project.updated", "project.archived", "project.deleted"],
  service: ["tenant.third_party_app_policy.updated"],
  other: [
    "external_key.registered",
    "external_key.removed",
    "organization.updated",
    "resource.deleted",
    "tenant.metadata.updated",
    "tenant.migration.completed",
    "tenant.domains.migrated",
    "tenant.billing.info.updated",
    "tenant.migration_rollout.status.updated",
    "tenant.migration_rollout.tier.updated",
    "tenant.ads_account.onboarding.redemption",
  ],
};
