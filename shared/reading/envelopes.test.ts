import { describe, expect, it } from "vitest";
import { unwrap } from "./envelopes.ts";

const call = { requestId: "1" };
const message = JSON.stringify(call);

describe("records in envelopes", () => {
  it.each([
    ["a subscription of CloudWatch Logs", { logEvents: [{ id: "a", timestamp: 1, message }] }],
    [
      "aws logs filter-log-events",
      { events: [{ timestamp: 1, message, ingestionTime: 2, eventId: "a" }], searchedLogStreams: [] },
    ],
    [
      "aws logs get-log-events",
      { events: [{ timestamp: 1, message, ingestionTime: 2 }], nextForwardToken: "f/1" },
    ],
    ["one log event by itself", { timestamp: 1, message, ingestionTime: 2 }],
    ["EventBridge", { "detail-type": "AWS API Call via CloudTrail", detail: call }],
    [
      "Pub/Sub",
      { subscription: "projects/p/subscriptions/s", message: { data: Buffer.from(message).toString("base64") } },
    ],
  ])("are found in %s", (_, document) => {
    expect([...unwrap(document)]).toEqual([call]);
  });

  it("are not looked for in a record that has events or a message of its own", () => {
    const span = { name: "chat", events: [{ name: "gen_ai.choice", timeUnixNano: "1" }] };
    const spoken = { message: "{}", timestamp: "2026-11-23T00:00:00Z" };
    expect([...unwrap(span), ...unwrap(spoken)]).toEqual([span, spoken]);
  });

  it("are found in a table whose columns have no names that are text, by where a cell stands", () => {
    const nested = JSON.parse(`${"[".repeat(20_000)}${"]".repeat(20_000)}`);
    const columns = [{ name: "model" }, { name: { toString: 1 } }, { name: nested }, nested, null];
    const table = { columns, rows: [["gpt", "b", "c", "d", "e", "f"]] };
    expect([...unwrap({ tables: [table] })]).toEqual([{ model: "gpt", 1: "b", 2: "c", 3: "d", 4: "e", 5: "f" }]);
  });
});
