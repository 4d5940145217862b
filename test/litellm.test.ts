/** A real LiteLLM proxy, both ways it can tell us of a call: its log callback and its spans. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ReceiverServer, serveReceiver } from "../functions/http-server.ts";
import { takeRaw } from "../functions/normalize.ts";
import type { IncomingMessage } from "../shared/bus/bus.ts";
import { topics } from "../shared/bus/topics.ts";
import type { Activity } from "../shared/model/activity.ts";
import { mergeActivities } from "../shared/model/merge.ts";
import { listen, type MadeUpRuntime, madeUpRuntime } from "./made-up-runtime.ts";
import { freePort } from "./servers/kafka.ts";
import { type LitellmProxy, startLitellm } from "./servers/litellm.ts";
import { unavailable } from "./servers/unavailable.ts";
import { until } from "./until.ts";

const SECRET = "made-up-secret-of-the-receiver";

const models = `
model_list:
  - model_name: travel-assistant
    litellm_params: {model: openai/gpt-4o-mini, api_key: made-up, mock_response: "CANARY of the answer"}
  - model_name: throttled
    litellm_params: {model: openai/gpt-4o, api_key: made-up, mock_response: litellm.RateLimitError}
litellm_settings:
  callbacks: [generic_api, otel]
  num_retries: 0
`;

const runtime: MadeUpRuntime = madeUpRuntime(`receive: {secret: "$\{env:SECRET}", port: ${await freePort()}}`, {
  changes: (configuration) => ({
    ...configuration,
    ...(configuration.receive ? { receive: { ...configuration.receive, secret: SECRET } } : {}),
  }),
});
const receiver: ReceiverServer = await serveReceiver(runtime);
const endpoint = `http://127.0.0.1:${receiver.port}`;
const started = await startLitellm(models, {
  GENERIC_LOGGER_ENDPOINT: `${endpoint}/v1/events`,
  GENERIC_LOGGER_HEADERS: `Authorization=Bearer ${SECRET}`,
  DEFAULT_FLUSH_INTERVAL_SECONDS: "1",
  OTEL_EXPORTER: "otlp_http",
  OTEL_ENDPOINT: `${endpoint}/v1/traces`,
  OTEL_HEADERS: `Authorization=Bearer ${SECRET}`,
  OTEL_BSP_SCHEDULE_DELAY: "500",
});
afterAll(() => receiver.close());

if ("missing" in started) unavailable("LiteLLM", started.missing);
else describeLitellm(started.proxy);

function describeLitellm(proxy: LitellmProxy): void {
  describe("LiteLLM", () => {
    let raw: readonly IncomingMessage[] = [];
    let rejected: readonly IncomingMessage[] = [];
    let heard: readonly IncomingMessage[] = [];

    beforeAll(async () => {
      raw = await listen(runtime.bus, topics.raw.name);
      rejected = await listen(runtime.bus, topics.rejected.name);
      await runtime.bus.subscribe(topics.raw.name, "normalize", (batch) => takeRaw(batch, runtime));
      heard = await listen(runtime.bus, topics.activity.name);
    });
    afterAll(() => proxy.stop());

    const ask = (model: string) =>
      fetch(`${proxy.url}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${proxy.masterKey}`, "content-type": "application/json" },
        body: JSON.stringify({
          model,
          messages: [{ role: "user", content: "CANARY of the prompt" }],
          user: "ada",
        }),
      });

    it("tells of a call in its log and in a span, which are one activity, and nothing of what was said", async () => {
      expect((await ask("travel-assistant")).status).toBe(200);
      // LiteLLM empties its queue once it has sent what stood in it, and loses what it was given meanwhile
      // (`CustomBatchLogger.flush_queue`).
      await until(() => heard.length >= 2);
      expect((await ask("throttled")).status).toBe(429);
      await until(() => heard.length >= 4);

      const calls = Map.groupBy(
        heard.map(({ value }) => JSON.parse(value) as Activity),
        ({ uid }) => uid,
      );
      const readings = [...calls.values()];
      expect(readings.map((call) => call.map(({ source }) => source).sort())).toEqual([
        ["litellm.spend", "otel.genai"],
        ["litellm.spend", "otel.genai"],
      ]);
      const merged = readings
        .map((call) => call.reduce(mergeActivities))
        .sort((a, b) => a.startTime - b.startTime);
      expect(merged).toMatchObject([
        {
          provider: "openai",
          gateway: "litellm",
          model: { name: "openai/gpt-4o-mini" },
          outcome: { status: "success" },
          usage: { inputTokens: 10, outputTokens: 20 },
          cost: { basis: "estimated", priceSource: "litellm" },
          network: { ip: "127.0.0.1", host: "api.openai.com" },
          labels: { endUser: "ada", modelGroup: "travel-assistant" },
        },
        { model: { name: "openai/gpt-4o" }, outcome: { status: "failure", reason: "throttled" } },
      ]);
      expect(rejected).toEqual([]);
      expect(JSON.stringify([raw, heard, runtime.lines])).not.toContain("CANARY");
    });
  });
}
