/**
 * Brings the store's tables and Kafka's topics to what this version needs; safe to run again. As a function, because
 * brokers and database often are reached from within their network only.
 */
import { migrateTopics } from "../shared/bus/kafka-bus.ts";
import { kafkaSettings } from "../shared/bus/kafka-settings.ts";
import type { Configuration } from "../shared/config/config.ts";
import { migrateStore } from "../shared/store/open-store.ts";
import { readConfiguration } from "./runtime.ts";

/** What was done, in words; nothing where all was up to date. */
export async function migrate({ store, bus }: Configuration): Promise<readonly string[]> {
  const tables = (await migrateStore(store)).map((name) => `store: applied ${name}`);
  if (bus === "memory") return tables;
  const { replicationFactor } = bus.kafka;
  return [...tables, ...(await migrateTopics(kafkaSettings(bus.kafka), { replicationFactor }))];
}

export async function handler(): Promise<{ readonly done: readonly string[] }> {
  return {
    done: await migrate(await readConfiguration(process.env["GNOMON_CONFIG"] ?? "gnomon.yaml", process.env)),
  };
}
