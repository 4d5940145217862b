/**
 * How kafkajs 2.2.4 looks after requests that wait, put right: from a connection's first answer on it looks every
 * millisecond, also where none waits, and goes on where an answer came after the connection was closed. A process that
 * was done then never ended.
 */
import RequestQueue from "kafkajs/src/network/requestQueue/index.js";

export function calmKafkajs(): void {
  const { scheduleCheckPendingRequests } = RequestQueue.prototype;
  RequestQueue.prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
  };
}
