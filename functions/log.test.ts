import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { PipelineError } from "../shared/model/errors.ts";
import { lineLog, reasonOf } from "./log.ts";

it("says once a minute what was measured: counts as their sum, times as the longest", () => {
  let now = Date.UTC(2026, 5, 1);
  const stream = new PassThrough();
  const log = lineLog(stream, false, () => now);
  log.measure("Activities", 3, "Count");
  log.measure("Lag", 500, "Milliseconds");
  now += 59_000;
  log.measure("Lag", 200, "Milliseconds");
  expect(stream.read()).toBeNull();
  now += 1_000;
  log.measure("Activities", 4, "Count");
  expect(JSON.parse(String(stream.read()))).toEqual({
    time: "2026-06-01T00:01:00.000Z",
    level: "info",
    message: "measured",
    Activities: 7,
    Lag: 500,
  });
  now += 61_000;
  log.measure("Activities", 1, "Count");
  expect(JSON.parse(String(stream.read()))).toMatchObject({ Activities: 1 });
  log.flush();
  expect(stream.read()).toBeNull();
});

it("quotes of an error that is not ours neither what it was about nor its words", () => {
  const thrown = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error;
    }
  };
  const reason = reasonOf(thrown(() => JSON.parse("CANARY")));
  expect(reason).toMatch(/^SyntaxError at /);
  expect(reason).not.toContain("CANARY");
  expect(reasonOf(Object.assign(new Error("CANARY"), { code: "22P02" }))).toMatch(/^Error 22P02 at /);
  expect(reasonOf(new PipelineError("upstream-refused", "slack: refuses the token; see its scopes"))).toBe(
    "slack: refuses the token; see its scopes",
  );
});
