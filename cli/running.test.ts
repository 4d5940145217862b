import { describe, expect, it } from "vitest";
import { PipelineError } from "../shared/model/errors.ts";
import { madeUpRuntime } from "../test/made-up-runtime.ts";
import { every } from "./running.ts";

describe("what runs again and again", () => {
  it("goes on after a run that failed, whichever way, and tells of it", async () => {
    const { log, lines } = madeUpRuntime("store: memory");
    const stop = new AbortController();
    const failures = [
      new PipelineError("upstream-unavailable", "the store is away"),
      new TypeError("our own"),
      "words",
    ];
    let runs = 0;
    await every(1, stop.signal, { name: "review", log }, async () => {
      const failure = failures[runs++];
      if (failure !== undefined) throw failure;
      stop.abort();
    });
    expect(runs).toBe(4);
    const said = ["error", "review failed, and runs again"];
    expect(lines.map(({ level, message, fields }) => [level, message, fields["code"], fields["reason"]])).toEqual([
      [...said, "upstream-unavailable", "the store is away"],
      [...said, undefined, expect.stringMatching(/^TypeError at /)],
      [...said, undefined, "not an error"],
    ]);
  });

  it("ends where a person must put the configuration right", async () => {
    const { log } = madeUpRuntime("store: memory");
    const ended = every(1, new AbortController().signal, { name: "review", log }, async () => {
      throw new PipelineError("config-invalid", "run gnomon migrate");
    });
    await expect(ended).rejects.toThrow("run gnomon migrate");
  });
});
