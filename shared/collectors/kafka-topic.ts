/**
 * Logs that come through another service that speaks Kafka: Azure's diagnostic settings through Event Hubs, OCI's audit
 * log through Streaming, or any cluster that logs are mirrored to.
 *
 * Interface: "Azure Event Hubs for Apache Kafka", "Using Streaming with Apache Kafka" (read 2026-11): SASL PLAIN over TLS
 * on port 9093 with user `$ConnectionString`, or Entra's tokens; on port 9092 with user `tenancy/user/streamPoolOCID` and
 * an auth token. A message holds a batch: `{"records":[…]}`. At least once, in no order that means anything.
 *
 * Where a topic stands is kept by the consumer group there, and moves when the records are on our bus.
 */
import { z } from "zod";
import type { ForeignBatch, ForeignTopic } from "../bus/foreign-topic.ts";
import { kafkaSettings } from "../bus/kafka-settings.ts";
import { KafkaConnection } from "../config/settings.ts";
import { once } from "../reading/bytes.ts";
import { readDocuments } from "../reading/documents.ts";
import { defineCollector, type FetchedPage } from "./collector.ts";
import { interleaved } from "./interleaved.ts";
import { partOf, tried } from "./parts.ts";

const TOPICS_AT_ONCE = 4;

const Settings = KafkaConnection.extend({
  topics: z.array(z.string().min(1).max(249)).min(1),
  /** The consumer group. Whoever else reads with it takes messages away. */
  group: z.string().min(1).max(256).default("gnomon"),
});
type Settings = z.output<typeof Settings>;

export const kafkaTopic = defineCollector<Settings>({
  id: "kafka.topic",
  title: "Kafka topics of other services: Azure Event Hubs, OCI Streaming",
  settings: Settings,

  /** Each topic up to its end. */
  pull: ({ settings, signal }) =>
    interleaved(
      foreignTopicsOf(settings).map((foreign) => partOf(foreign.topic, signal, pagesOf(foreign, signal))),
      TOPICS_AT_ONCE,
      signal,
    ),

  async check({ settings }) {
    const { partitionsBehind } = await import("../bus/foreign-topic.ts");
    return Promise.all(
      foreignTopicsOf(settings).map((foreign) =>
        tried(`reading ${foreign.topic} as ${foreign.group} at ${settings.brokers[0]}`, () =>
          partitionsBehind(foreign),
        ),
      ),
    );
  },
});

const foreignTopicsOf = (settings: Settings): readonly ForeignTopic[] =>
  settings.topics.map((topic) => ({ connection: kafkaSettings(settings), topic, group: settings.group }));

async function* pagesOf(foreign: ForeignTopic, signal: AbortSignal): AsyncGenerator<FetchedPage> {
  const { readForeignTopic } = await import("../bus/foreign-topic.ts");
  for await (const batch of readForeignTopic(foreign, signal)) yield pageOf(foreign.topic, batch);
}

async function pageOf(part: string, { messages, place, commit }: ForeignBatch): Promise<FetchedPage> {
  const documents: unknown[] = [];
  const unreadable: { reason: string; place: string }[] = [];
  for (const message of messages) {
    for await (const batch of readDocuments(once(message.value))) {
      documents.push(...batch.documents);
      unreadable.push(...batch.unreadable.map(({ reason }) => ({ reason, place: message.place })));
    }
  }
  return { part, documents, unreadable, place, done: commit };
}
