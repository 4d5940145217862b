/** Pages of OpenAI's organization usage and audit log endpoints, as the OpenAPI document describes them. */
import type { OpenaiChange, OpenaiHour } from "../happening.ts";
import type { Random } from "../random.ts";

const HOUR_SECONDS = 3_600;

/** One page of hourly buckets; results of one hour stand together. */
export function usagePage(hours: readonly OpenaiHour[]): unknown {
  const byHour = Map.groupBy(hours, ({ hour }) => hour);
  return {
    object: "page",
    data: [...byHour.entries()]
      .sort(([a], [b]) => a - b)
      .map(([hour, results]) => ({
        object: "bucket",
        start_time: hour / 1_000,
        end_time: hour / 1_000 + HOUR_SECONDS,
        results: results.map((one) => ({
          object: "organization.usage.completions.result",
          input_tokens: one.inputTokens,
          input_cached_tokens: one.cachedTokens,
          output_tokens: one.outputTokens,
          num_model_requests: one.requests,
          project_id: one.project,
          user_id: one.user ?? null,
          api_key_id: one.key,
          model: one.model,
          batch: false,
          service_tier: "default",
        })),
      })),
    has_more: false,
    next_page: null,
  };
}

/** Newest first, as the endpoint answers. */
export function auditPage(changes: readonly OpenaiChange[], random: Random): unknown {
  const data = changes
    .map((change) => ({
      object: "organization.audit_log",
      id: `audit_log-${random.hex(20)}`,
      type: change.type,
      effective_at: Math.floor(change.time / 1_000),
      ...(change.project ? { project: { id: change.project, name: change.project.slice(5) } } : {}),
      actor: {
        type: "session",
        session: {
          user: { id: `user-${change.person.objectId.slice(0, 8)}`, email: change.person.email },
          ip_address: change.person.ip,
          user_agent: "Mozilla/5.0",
        },
      },
      [change.type]: change.detail,
    }))
    .sort((a, b) => b.effective_at - a.effective_at);
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: false,
  };
}
