import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { litellmSpend } from "./litellm-spend.ts";

const HASH = "a".repeat(64);

const row = (fields: object = {}, metadata: object = {}) => ({
  request_id: "chatcmpl-1",
  call_type: "acompletion",
  api_key: HASH,
  cache_hit: "None",
  startTime: "2026-05-04 09:20:46.847371",
  endTime: "2026-05-04 09:20:49.002114",
  model: "gpt-4o",
  user: "",
  metadata: JSON.stringify(metadata),
  spend: 0.000225,
  prompt_tokens: 10,
  completion_tokens: 20,
  request_tags: "[]",
  api_base: "",
  custom_llm_provider: "openai",
  status: "success",
  ...fields,
});

function activitiesOf(record: unknown) {
  const reading = litellmSpend.read(record);
  return "activities" in reading ? reading.activities : expect.fail(reading.rejected);
}
const callOf = (fields: object = {}, metadata: object = {}) => activitiesOf(row(fields, metadata))[0];

describe("litellm.spend", () => {
  it("gives a request one uid, whether the table or a callback tells of it", () => {
    const { request_id: id, spend: response_cost, metadata, ...rest } = row();
    const payload = { ...rest, id, response_cost, metadata: JSON.parse(metadata) };
    expect(litellmSpend.recognises(payload)).toBe(true);
    expect(activitiesOf(payload)).toEqual(activitiesOf(row()));
    expect(callOf({ request_id: "chatcmpl-2" })?.uid).not.toBe(callOf()?.uid);
  });

  it.each([
    ["2026-05-04 09:20:46.847371", 1_777_886_446_847],
    ["2026-05-04T09:20:46.847Z", 1_777_886_446_847],
    ["2026-05-04T11:20:46.847000+02:00", 1_777_886_446_847],
    [1_777_886_446.847371, 1_777_886_446_847],
  ])("reads %s as a time, in UTC where no zone is said", (startTime, expected) => {
    expect(callOf({ startTime })?.startTime).toBe(expected);
  });

  it("ends no call before it starts", () => {
    expect(callOf({ endTime: "2026-05-04 09:20:46" })?.endTime).toBe(callOf()?.startTime);
    expect(callOf({ endTime: null })?.endTime).toBe(callOf()?.startTime);
  });

  it("rejects a row without an id or a time", () => {
    expect(litellmSpend.read(row({ request_id: "" }))).toEqual({ rejected: "request_id: expected an id" });
    expect(litellmSpend.read(row({ startTime: "soon" }))).toEqual({
      rejected: "startTime: expected epoch seconds or an ISO 8601 time",
    });
    expect(litellmSpend.read(row({ metadata: "{" }))).toEqual({ rejected: "metadata: expected object" });
  });

  describe("door", () => {
    it.each([
      ["openai", "", "openai"],
      ["azure", "https://acme.openai.azure.com/", "azure.ai.openai"],
      ["azure_ai", "https://acme.services.ai.azure.com", "azure.ai.inference"],
      ["bedrock", "", "aws.bedrock"],
      ["vertex_ai", "", "gcp.vertex_ai"],
      ["gemini", "", "gcp.gemini"],
      ["anthropic", "https://api.anthropic.com", "anthropic"],
      ["mistral", "", "mistral_ai"],
      ["xai", "", "x_ai"],
      ["oci", "", "oci.generative_ai"],
      ["together_ai", "", "together_ai"],
      ["a_new_one", "", "a_new_one"],
    ])("is %s at %j: %s", (custom_llm_provider, api_base, provider) => {
      expect(callOf({ custom_llm_provider, api_base })?.provider).toBe(provider);
    });

    it("is whose the address is, where others speak OpenAI's or Anthropic's protocol", () => {
      const doorAt = (custom_llm_provider: string, api_base: string) =>
        callOf({ custom_llm_provider, api_base })?.provider;
      expect(doorAt("openai", "https://api.openai.com/v1")).toBe("openai");
      expect(doorAt("openai", "https://api.groq.com/openai/v1")).toBe("groq");
      expect(doorAt("openai", "http://10.9.8.7:8000/v1")).toBe("custom_openai");
      expect(doorAt("anthropic", "https://api.z.ai/api/anthropic")).toBe("zai");
      expect(doorAt("azure", "https://gateway.example.com/openai")).toBe("azure.ai.openai");
    });

    it("is absent where LiteLLM never came to choose one", () => {
      expect(callOf({ custom_llm_provider: null, model: "nope" })).not.toHaveProperty("provider");
      expect(callOf()?.gateway).toBe("litellm");
    });

    it("keeps of an address the host alone", () => {
      const hostOf = (api_base: string) => callOf({ api_base })?.network?.host;
      expect(hostOf("https://user:secret@API.example.com:8443/v1?key=secret#secret")).toBe("api.example.com");
      expect(hostOf("api.example.com/v1")).toBe("api.example.com");
      for (const odd of ["", "https://", "not a host", "http://[::1]:8000", "http://http://x"])
        expect(hostOf(odd)).toBeUndefined();
    });
  });

  describe("model", () => {
    it("is told from the deployment's name in Azure only where prices say which it is", () => {
      const azure = { custom_llm_provider: "azure", model: "azure/prod-chat", model_id: "dep-1" };
      expect(callOf(azure)?.model).toEqual({ id: "azure/prod-chat" });
      expect(callOf(azure)?.deployment).toEqual({ uid: "dep-1", name: "prod-chat" });
      const priced = callOf(azure, { model_map_information: { model_map_key: "azure/gpt-5" } });
      expect(priced?.model).toMatchObject({ id: "azure/prod-chat", name: "openai/gpt-5" });
    });

    it("is known by its door where its name alone says too little", () => {
      expect(callOf({ custom_llm_provider: "cohere", model: "command" })?.model?.name).toBe("cohere/command");
    });

    it("brings region, scope and account of Bedrock with it", () => {
      const bedrock = (model: string) => callOf({ custom_llm_provider: "bedrock", model });
      const profile = "arn:aws:bedrock:eu-west-1:111122223333:inference-profile/eu.anthropic.claude-opus-4-7";
      expect(bedrock(`bedrock/converse/${profile}`)).toMatchObject({
        account: { uid: "111122223333" },
        region: { requested: "eu-west-1", scope: "geography", geography: "eu" },
        deployment: { type: "inference-profile" },
        model: { name: "anthropic/claude-opus-4-7" },
      });
      expect(bedrock("bedrock/us-west-2/amazon.nova-pro-v1:0")).toMatchObject({
        region: { requested: "us-west-2", scope: "regional" },
      });
      expect(bedrock("bedrock/us-west-2/amazon.nova-pro-v1:0")).not.toHaveProperty("account");
    });

    it("is not what a tool is called", () => {
      const call = callOf({
        call_type: "call_mcp_tool",
        model: "MCP: search",
        mcp_namespaced_tool_name: "jira/search",
      });
      expect(call).toMatchObject({ operationName: "execute_tool", labels: { tool: "jira/search" } });
      expect(call).not.toHaveProperty("model");
      expect(call).not.toHaveProperty("provider");
    });
  });

  describe("who", () => {
    it("is the user, by id, else by what the row says, else by e-mail, else the key's alias", () => {
      const alias = { user_api_key_alias: "search-prod" };
      const email = { user_api_key_user_email: "ana@example.com" };
      expect(callOf({ user: "u-2" }, { user_api_key_user_id: "u-1", ...email, ...alias })?.actor).toEqual({
        uid: "u-1",
        name: "ana@example.com",
      });
      expect(callOf({ user: "u-2" }, alias)?.actor).toEqual({ uid: "u-2" });
      expect(callOf({}, { ...email, ...alias })?.actor?.uid).toBe("ana@example.com");
      expect(callOf({}, alias)?.actor).toEqual({ name: "search-prod" });
      expect(callOf()).not.toHaveProperty("actor");
    });

    it("is nobody where LiteLLM fills in its default user", () => {
      expect(callOf({ user: "default_user_id" }, { user_api_key_user_id: "default_user_id" })).not.toHaveProperty(
        "actor",
      );
    });

    it("used a virtual key, or the master key", () => {
      expect(callOf()?.credential).toEqual({ uid: HASH, type: "api-key", virtual: true });
      expect(callOf({ api_key: "litellm_proxy_master_key" })?.credential).toEqual({
        uid: "litellm_proxy_master_key",
        type: "master-key",
      });
      expect(callOf({ api_key: "" })).not.toHaveProperty("credential");
    });

    it("is told by a hash of the key where LiteLLM wrote the key itself", () => {
      for (const api_key of ["sk-made-up-key-1234567890", "acme-key", "eyJhbGciOiJub25lIn0.e30."]) {
        const hash = createHash("sha256").update(api_key).digest("hex");
        expect(callOf({ api_key })?.credential?.uid).toBe(hash);
        expect(JSON.stringify(litellmSpend.trim(row({ api_key })))).not.toContain(api_key);
      }
    });

    it("belongs to a project of LiteLLM's, else to a team, and to an organization", () => {
      const team = { user_api_key_team_id: "t-1", user_api_key_team_alias: "Search" };
      const project = { user_api_key_project_id: "p-1", user_api_key_project_alias: "Bot" };
      expect(callOf({ team_id: "t-1" })?.project).toEqual({ uid: "t-1" });
      expect(callOf({}, team)?.project).toEqual({ uid: "t-1", name: "Search" });
      expect(callOf({}, { ...team, ...project })?.project).toEqual({ uid: "p-1", name: "Bot" });
      expect(callOf({}, { ...team, ...project })?.labels?.["team"]).toBe("Search");
      expect(callOf({ organization_id: "o-1" })?.organization).toEqual({ uid: "o-1" });
    });
  });

  describe("cost", () => {
    it("is LiteLLM's own estimate, to the nano-dollar", () => {
      expect(callOf()?.cost).toEqual({ nanoUsd: 225_000, basis: "estimated", priceSource: "litellm" });
      expect(callOf({ spend: 1e-9 })?.cost?.nanoUsd).toBe(1);
    });

    it("is zero for an answer from the cache, and otherwise absent where it is zero", () => {
      for (const cache_hit of ["True", "true", true]) {
        expect(callOf({ spend: 0, cache_hit })?.cost?.nanoUsd).toBe(0);
        expect(callOf({ spend: 0, cache_hit })?.labels).toMatchObject({ cacheHit: "true" });
      }
      for (const cache_hit of ["False", "None", false, null])
        expect(callOf({ spend: 0, cache_hit })).not.toHaveProperty("cost");
    });

    it("is absent where it makes no sense", () => {
      expect(callOf({ spend: 100_000 })?.cost?.nanoUsd).toBe(100_000e9);
      for (const spend of [-1, 100_001, null]) expect(callOf({ spend })).not.toHaveProperty("cost");
    });
  });

  describe("usage", () => {
    const usageOf = (usage_object: object, fields: object = {}) => callOf(fields, { usage_object })?.usage;

    it("says what was cached and reasoned", () => {
      expect(
        usageOf(
          {
            prompt_tokens_details: { cached_tokens: 6, cache_creation_tokens: 3 },
            completion_tokens_details: { reasoning_tokens: 5 },
          },
          { prompt_tokens: 10 },
        ),
      ).toEqual({
        inputTokens: 10,
        outputTokens: 20,
        cacheReadTokens: 6,
        cacheWriteTokens: 3,
        reasoningTokens: 5,
      });
    });

    it("adds cached tokens that cannot be in the input", () => {
      const cached = { cache_read_input_tokens: 8, cache_creation_input_tokens: 2 };
      expect(usageOf(cached, { prompt_tokens: 10 })?.inputTokens).toBe(10);
      expect(usageOf(cached, { prompt_tokens: 9 })?.inputTokens).toBe(19);
    });

    it("is absent where nothing was measured, not zero", () => {
      expect(callOf({ prompt_tokens: 0, completion_tokens: 0 })).not.toHaveProperty("usage");
      expect(callOf({ prompt_tokens: 7, completion_tokens: 0 })?.usage).toEqual({
        inputTokens: 7,
        outputTokens: 0,
      });
    });
  });

  describe("outcome", () => {
    it.each([
      ["RateLimitError", "429", "throttled"],
      ["AuthenticationError", "401", "denied"],
      ["PermissionDeniedError", "403", "denied"],
      ["BudgetExceededError", "400", "denied"],
      ["BadRequestError", "400", "invalid"],
      ["NotFoundError", "404", "invalid"],
      ["ContextWindowExceededError", "400", "invalid"],
      ["ProxyModelNotFoundError", "400", "invalid"],
      ["ContentPolicyViolationError", "400", "blocked"],
      ["GuardrailRaisedException", "400", "blocked"],
      ["Timeout", "408", "error"],
      ["ServiceUnavailableError", "503", "error"],
      ["APIConnectionError", "500", "error"],
      ["ProxyException", "429", "throttled"],
      ["ProxyException", "403", "denied"],
      ["ProxyException", "422", "invalid"],
      ["ProxyException", "408", "error"],
      ["ProxyException", "499", "error"],
      ["ProxyException", "", "error"],
    ])("of %s with status %j is %s", (error_class, error_code, reason) => {
      const error_information = { error_class, error_code };
      expect(callOf({ status: "failure" }, { error_information })?.outcome).toEqual({
        status: "failure",
        reason,
        code: error_class,
      });
      expect(callOf({ status: "failure", error_information })?.outcome?.reason).toBe(reason);
    });

    it("is blocked where a guardrail stepped in, whatever the error is called", () => {
      const status_fields = { guardrail_status: "guardrail_intervened" };
      expect(callOf({ status: "failure", status_fields })?.outcome?.reason).toBe("blocked");
      expect(callOf({ status_fields })?.outcome).toEqual({ status: "success" });
    });

    it("is absent where the row does not say", () => {
      expect(callOf({ status: null })).not.toHaveProperty("outcome");
      expect(callOf({ status: null }, { status: "failure" })?.outcome?.status).toBe("failure");
    });
  });

  describe("labels", () => {
    it("are what people tagged the request with", () => {
      const request_tags = JSON.stringify([
        "env:prod",
        "tier = gold",
        "pilot",
        "User-Agent: curl",
        7,
        "k:sk-aaaaaaaaaaaaaaaaaaaa",
      ]);
      expect(callOf({ request_tags }, { spend_logs_metadata: { cost_center: 4711 } })?.labels).toEqual({
        cost_center: "4711",
        env: "prod",
        pilot: "true",
        tier: "gold",
      });
    });

    it("do not let a tag stand for what LiteLLM knows", () => {
      expect(callOf({ team_id: "t-1", request_tags: '["team:t-2"]' })?.labels).toEqual({ team: "t-1" });
    });

    it("tie the attempts of one request together", () => {
      expect(callOf({ trace_id: "trace-1", session_id: "s-1" })?.labels).toEqual({ traceId: "trace-1" });
      expect(callOf({ session_id: "s-1" })?.labels).toEqual({ traceId: "s-1" });
    });
  });

  it("drops the proxy's own health checks, but no call of which only the caller says so", () => {
    const name = "litellm-internal-health-check";
    expect(activitiesOf(row({ api_key: name }))).toEqual([]);
    expect(activitiesOf(row({ team_id: name }))).toEqual([]);
    expect(activitiesOf(row({}, { user_api_key_alias: name }))).toEqual([]);
    expect(activitiesOf(row({ request_tags: JSON.stringify([name]) }))).toHaveLength(1);
  });

  it.each([
    ["acompletion", "chat"],
    ["completion", "chat"],
    ["aresponses", "chat"],
    ["anthropic_messages", "chat"],
    ["aanthropic_messages", "chat"],
    ["_arealtime", "chat"],
    ["atext_completion", "text_completion"],
    ["agenerate_content_stream", "generate_content"],
    ["aembedding", "embeddings"],
    ["aimage_edit", "image_generation"],
    ["acreate_video", "video_generation"],
    ["aspeech", "speech"],
    ["atranscription", "transcription"],
    ["amoderation", "moderation"],
    ["arerank", "rerank"],
    ["acreate_batch", "batch"],
    ["asend_message", "invoke_agent"],
    ["pass_through_endpoint", undefined],
    ["aocr", undefined],
    ["something_new", undefined],
  ])("calls %s %s", (call_type, operationName) => {
    expect(callOf({ call_type })?.operationName).toBe(operationName);
    expect(callOf({ call_type })?.operation).toBe(call_type);
  });

  it.each([
    "afile_content",
    "acreate_file",
    "alist_input_items",
    "aget_responses",
    "adelete_responses",
    "acancel_batch",
    "avideo_retrieve",
    "video_retrieve_job",
    "avideo_content",
    "acreate_thread",
    "a_add_message",
    "get_assistants",
    "acreate_fine_tuning_job",
    "avector_store_file_list",
    "list_mcp_tools",
    "acount_tokens",
    "aretrieve_batch",
  ])("does not take %s for a use of a model, unless it cost something", (call_type) => {
    expect(activitiesOf(row({ call_type, spend: 0 }))).toEqual([]);
    expect(activitiesOf(row({ call_type, spend: 0.1 }))).toHaveLength(1);
  });

  it("recognises no other gateway's row", () => {
    expect(litellmSpend.recognises({ request_id: "1", spend: 0, model: "gpt-4o", startTime: 1 })).toBe(false);
    expect(litellmSpend.recognises({ id: "1", call_type: "acompletion", startTime: 1 })).toBe(false);
  });
});
