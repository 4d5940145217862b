/** Rows of LiteLLM's spend log, as `/spend/logs` returns them: times without a zone, metadata as an object. */
import type { GatewayCall } from "../happening.ts";
import type { Random } from "../random.ts";

const naive = (time: number): string => new Date(time).toISOString().replace("T", " ").replace("Z", "000");

export const gatewayCall = (call: GatewayCall, random: Random): unknown => ({
  request_id: `chatcmpl-${random.uuid()}`,
  call_type: "acompletion",
  api_key:
    `${call.keyAlias.length.toString(16)}${[...call.keyAlias].map((letter) => letter.charCodeAt(0).toString(16)).join("")}`
      .padEnd(64, "0")
      .slice(0, 64),
  spend: call.spendUsd,
  total_tokens: call.inputTokens + call.outputTokens,
  prompt_tokens: call.inputTokens,
  completion_tokens: call.outputTokens,
  startTime: naive(call.time),
  endTime: naive(call.time + 300 + call.outputTokens * 8),
  completionStartTime: naive(call.time + 280),
  model: call.model,
  model_id: "",
  model_group: call.model.split("/").at(-1) ?? call.model,
  custom_llm_provider: call.provider,
  api_base: "",
  user: call.person?.email ?? "",
  metadata: {
    user_api_key_alias: call.keyAlias,
    user_api_key_team_alias: call.team,
    user_api_key_user_id: call.person?.email ?? null,
  },
  cache_hit: "False",
  cache_key: "Cache OFF",
  request_tags: [],
  team_id: call.team,
  end_user: call.endUser ?? "",
  requester_ip_address: "10.20.0.7",
  messages: {},
  response: {},
  session_id: random.uuid(),
  status: call.status,
});
