import RequestQueue from "kafkajs/src/network/requestQueue/index.js";
import { expect, it } from "vitest";
import { calmKafkajs } from "./kafkajs-request-queue.ts";

calmKafkajs();

it("looks after requests that wait, and sets no timer where none does", () => {
  const queue = new RequestQueue({});
  queue.scheduleCheckPendingRequests();
  expect(queue.throttleCheckTimeoutId).toBeNull();
  queue.pending.push({});
  queue.scheduleCheckPendingRequests();
  expect(queue.throttleCheckTimeoutId).not.toBeNull();
  queue.destroy();
});
