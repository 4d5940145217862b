import { KafkaJSAggregateError, KafkaJSProtocolError } from "kafkajs";
import { describe, expect, it } from "vitest";
import { createTopics } from "./kafka-bus.ts";
import { topics } from "./topics.ts";

type Asked = Parameters<Parameters<typeof createTopics>[0]["createTopics"]>[0]["topics"][number];

/** A service that answers each topic with this type of error where it is told `refused`. */
function service(refused: string | undefined, type: string) {
  const made: Asked[] = [];
  const admin: Parameters<typeof createTopics>[0] = {
    listTopics: async () => [],
    async createTopics({ topics: asked }) {
      for (const topic of asked) {
        if (refused && topic.configEntries?.some(({ name }) => name === refused)) {
          const error = Object.assign(new Error("refused"), { type, code: 40, retriable: false });
          throw new KafkaJSAggregateError("Topic creation errors", [new KafkaJSProtocolError(error)]);
        }
        made.push(topic);
      }
      return true;
    },
    createPartitions: async () => true,
    fetchTopicMetadata: async () => ({ topics: [] }),
  };
  return { admin, made };
}

const settingsOf = (topic: Asked | undefined) =>
  Object.fromEntries((topic?.configEntries ?? []).map(({ name, value }) => [name, value]));

describe("making topics", () => {
  it("says how many replicas must have a message", async () => {
    const { admin, made } = service(undefined, "");
    await createTopics(admin, 3);
    expect(made.map(({ topic }) => topic)).toEqual(Object.values(topics).map(({ name }) => name));
    expect(settingsOf(made[0])).toMatchObject({ "min.insync.replicas": "2", "retention.ms": "259200000" });
  });

  it.each(["INVALID_CONFIG", "INVALID_REQUEST", "POLICY_VIOLATION"])(
    "leaves that to a service that answers %s, and says the rest",
    async (type) => {
      const { admin, made } = service("min.insync.replicas", type);
      await createTopics(admin, 3);
      expect(made).toHaveLength(Object.keys(topics).length);
      expect(settingsOf(made[0])).not.toHaveProperty("min.insync.replicas");
      expect(settingsOf(made[0])).toMatchObject({ "retention.ms": "259200000" });
    },
  );

  it.each([
    ["another setting is refused", "retention.ms", "INVALID_CONFIG"],
    ["it may not make topics", "min.insync.replicas", "TOPIC_AUTHORIZATION_FAILED"],
  ])("fails where %s", async (_what, refused, type) => {
    const { admin, made } = service(refused, type);
    await expect(createTopics(admin, 3)).rejects.toThrow("Topic creation errors");
    expect(made).toEqual([]);
  });
});
