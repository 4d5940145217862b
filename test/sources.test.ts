import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sources } from "../shared/registry.ts";
import { describeSource } from "./contract/source.contract.ts";

describe("the shelf of sources", () => {
  it("holds every source that has recorded documents, and every source has some", () => {
    const stems = readdirSync(new URL("../shared/sources", import.meta.url))
      .filter((name) => name.endsWith(".recorded.json"))
      .map((name) => name.replace(".recorded.json", ""));
    expect(sources.map(({ id }) => id.replaceAll(".", "-"))).toEqual(stems.sort());
  });
});

for (const source of sources) describeSource(source, sources);
