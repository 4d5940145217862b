/**
 * Lambda's Kafka event, of MSK and of self-managed clusters: partitions by name, values and headers in base64 and
 * bytes. AWS Lambda developer guide, "Using Lambda with Amazon MSK", "… self-managed Apache Kafka".
 */
import type { MSKEvent, SelfManagedKafkaEvent } from "aws-lambda";
import type { IncomingMessage } from "../shared/bus/bus.ts";

/** Messages of one partition stay in order. */
export const messagesOf = (event: MSKEvent | SelfManagedKafkaEvent): readonly IncomingMessage[] =>
  Object.values(event.records).flatMap((records) =>
    records.map(({ topic, partition, offset, key, value, headers, timestamp }) => ({
      topic,
      partition,
      offset: String(offset),
      key: key === undefined ? undefined : fromBase64(key),
      value: fromBase64(value ?? ""),
      time: timestamp,
      headers: Object.fromEntries(
        headers.flatMap((header) =>
          Object.entries(header).map(([name, bytes]) => [name, Buffer.from(bytes).toString("utf8")] as const),
        ),
      ),
    })),
  );

const fromBase64 = (text: string): string => Buffer.from(text, "base64").toString("utf8");
