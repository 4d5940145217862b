import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { gnomonHere } from "../test/command.ts";

describe("help", () => {
  it.each([40, 60, 80, 100])(
    "is no wider than a window of %d columns, but for what is to be typed",
    async (columns) => {
      for (const words of [["--help"], ["scan", "--help"], ["cost", "--help"], ["normalize", "--help"]]) {
        const { code, out } = await gnomonHere(words, { columns });
        expect(code).toBe(0);
        const typed = /^(?:Usage: | {2}\$ )gnomon /;
        const wide = out.split("\n").filter((line) => stringWidth(line) > columns && !typed.test(line));
        expect(wide, words.join(" ")).toEqual([]);
      }
    },
  );

  it("fills its lines with the description, and keeps the names of sources whole", async () => {
    const { out } = await gnomonHere(["--help"], { columns: 100 });
    expect(out).toContain("which model, through which\ndoor, is it sanctioned, and what does it cost.\n");
    const { out: narrow } = await gnomonHere(["normalize", "--help"], { columns: 40 });
    for (const line of narrow.split("Sources: ")[1]?.trim().split("\n") ?? [])
      expect(line).toMatch(/^[\w.-]+(, [\w.-]+)*,?$/);
  });

  it("puts what an option means under it where there is no room beside it", async () => {
    const { out } = await gnomonHere(["normalize", "--help"], { columns: 40 });
    expect(out).toContain(
      "  --rejects <file>\n      write a line of JSON for every\n      record that could not be read\n",
    );
  });
});

describe("gnomon help", () => {
  it("is that of the command, however deep", async () => {
    for (const words of [["up"], ["rejects", "list"], ["cost", "budgets"], []])
      expect(await gnomonHere(["help", ...words])).toEqual(await gnomonHere([...words, "--help"]));
  });

  it("says which command may be meant where there is none of that name", async () => {
    expect(await gnomonHere(["help", "scna"])).toEqual({
      code: 2,
      out: "",
      err: expect.stringMatching(/^gnomon: help scna: did you mean scan\? It is one of collect, cost, /),
    });
    expect((await gnomonHere(["help", "rejects", "lst"])).err).toContain("did you mean list?");
  });
});
