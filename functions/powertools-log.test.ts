import { expect, it, vi } from "vitest";
import { powertoolsLog } from "./powertools-log.ts";

/** What the functions' process writes, whichever console Powertools has taken. */
function written(work: () => void): string[] {
  const lines: string[] = [];
  const write = (chunk: string | Uint8Array) => lines.push(String(chunk)) > 0;
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation(write),
    vi.spyOn(process.stderr, "write").mockImplementation(write),
    ...(["log", "info", "warn", "error"] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation((...words: unknown[]) => void lines.push(words.join(" "))),
    ),
  ];
  try {
    work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return lines;
}

it("publishes what was measured, once, and says nothing where nothing was", () => {
  const log = powertoolsLog("detect");
  const first = written(() => {
    log.measure("Activities", 3, "Count");
    log.flush();
  });
  expect(JSON.parse(first.join(""))).toMatchObject({ service: "detect", Activities: 3 });
  expect(written(() => log.flush())).toEqual([]);
});
