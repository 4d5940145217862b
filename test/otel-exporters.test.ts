/** Real exporters of OpenTelemetry against the receiver: both encodings, packed and plain, say the same. */
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";
import { afterEach, describe, expect, it } from "vitest";
import { type ReceiverServer, serveReceiver } from "../functions/http-server.ts";
import { takeRaw } from "../functions/normalize.ts";
import { topics } from "../shared/bus/topics.ts";
import type { Activity } from "../shared/model/activity.ts";
import { listen, madeUpRuntime } from "./made-up-runtime.ts";
import { freePort } from "./servers/kafka.ts";

const SECRET = "$" + "{env:RECEIVER_SECRET}";

const servers: ReceiverServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

/** A receiver and what stands behind it. */
async function receiver() {
  const runtime = madeUpRuntime(`receive: {secret: "${SECRET}", port: ${await freePort()}}`);
  const raw = await listen(runtime.bus, topics.raw.name);
  const rejected = await listen(runtime.bus, topics.rejected.name);
  await runtime.bus.subscribe(topics.raw.name, "normalize", (batch) => takeRaw(batch, runtime));
  const heard = await listen(runtime.bus, topics.activity.name);
  const server = await serveReceiver(runtime);
  servers.push(server);
  return {
    url: `http://127.0.0.1:${server.port}/v1/traces`,
    raw,
    rejected,
    activities: () =>
      heard.map(({ value }) => JSON.parse(value) as Activity).sort((a, b) => (a.uid < b.uid ? -1 : 1)),
  };
}

/** Its enum is in a package of the exporters' own. */
type Compression = NonNullable<NonNullable<ConstructorParameters<typeof JsonExporter>[0]>["compression"]>;
const GZIP = "gzip" as Compression;

/** A conversation, a call that is throttled, and a span that has nothing to do with models. */
function spansOfCalls(): ReadableSpan[] {
  const finished = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": "travel-desk", "deployment.environment.name": "prod" }),
    spanProcessors: [new SimpleSpanProcessor(finished)],
  });
  const tracer = provider.getTracer("made-up-instrumentation", "1.0.0");
  const start = Date.UTC(2026, 8, 14, 10);
  const chat = tracer.startSpan("chat gpt-4o-mini", {
    kind: SpanKind.CLIENT,
    startTime: start,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-4o-mini",
      "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
      "gen_ai.response.id": "chatcmpl-made-up",
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.usage.input_tokens": 12,
      "gen_ai.usage.output_tokens": 34,
      "gen_ai.input.messages": '[{"role":"user","content":"CANARY of the prompt"}]',
      "gen_ai.output.messages": '[{"role":"assistant","content":"CANARY of the answer"}]',
      "gen_ai.system_instructions": "CANARY",
      "enduser.id": "ada",
      "server.address": "api.openai.com",
    },
  });
  chat.addEvent("gen_ai.user.message", { content: "CANARY of an event" }, start + 10);
  chat.end(start + 900);
  const throttled = tracer.startSpan("chat gpt-4o", {
    kind: SpanKind.CLIENT,
    startTime: start + 1_000,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-4o",
      "error.type": "429",
      "gen_ai.prompt": "CANARY of an older convention",
    },
  });
  throttled.recordException(new Error("CANARY of an exception"), start + 1_100);
  throttled.setStatus({ code: SpanStatusCode.ERROR, message: "CANARY of a status" });
  throttled.end(start + 1_200);
  tracer.startSpan("GET /CANARY", { attributes: { "url.full": "https://example.com/CANARY" } }).end();
  return finished.getFinishedSpans();
}

/** The error that the exporter was left with. */
async function exported(exporter: SpanExporter, spans: ReadableSpan[]): Promise<Error | undefined> {
  const { error } = await new Promise<{ error?: Error }>((resolve) => exporter.export(spans, resolve));
  await exporter.shutdown();
  return error;
}

describe("exporters of OpenTelemetry", () => {
  it("give the same activities as JSON and as protobuf, plain and packed, and no content", async () => {
    const forms = [
      [JsonExporter, undefined],
      [JsonExporter, GZIP],
      [ProtobufExporter, undefined],
      [ProtobufExporter, GZIP],
    ] as const;
    const spans = spansOfCalls();
    const receivers = await Promise.all(
      forms.map(async ([Exporter, compression]) => {
        const one = await receiver();
        const headers = { authorization: `Bearer ${SECRET}` };
        const exporter = new Exporter({
          url: one.url,
          headers,
          ...(compression === undefined ? {} : { compression }),
        });
        expect(await exported(exporter, spans)).toBeUndefined();
        return one;
      }),
    );

    const [first] = receivers;
    expect(first?.activities().sort((a, b) => a.startTime - b.startTime)).toMatchObject([
      {
        kind: "call",
        source: "otel.genai",
        provider: "openai",
        operationName: "chat",
        startTime: Date.UTC(2026, 8, 14, 10),
        endTime: Date.UTC(2026, 8, 14, 10) + 900,
        model: { id: "gpt-4o-mini-2024-07-18" },
        usage: { inputTokens: 12, outputTokens: 34 },
        outcome: { status: "success" },
        labels: { "service.name": "travel-desk", "enduser.id": "ada" },
      },
      { model: { id: "gpt-4o" }, outcome: { status: "failure", reason: "throttled", code: "429" } },
    ]);
    for (const { activities, raw, rejected } of receivers) {
      expect(activities()).toEqual(first?.activities());
      expect(raw.flatMap(({ value }) => value.split("\n"))).toHaveLength(2);
      expect(rejected).toEqual([]);
      expect(JSON.stringify(raw)).not.toContain("CANARY");
    }
  });

  it("are told when they show the wrong secret", async () => {
    const { url, raw } = await receiver();
    const exporter = new ProtobufExporter({ url, headers: { authorization: "Bearer wrong" } });
    expect(await exported(exporter, spansOfCalls())).toMatchObject({ code: 401 });
    expect(raw).toEqual([]);
  });
});
