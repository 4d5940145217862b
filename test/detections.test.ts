import { expect, it } from "vitest";
import { detections } from "../shared/registry.ts";
import { describeDetection } from "./contract/detection.contract.ts";

for (const detection of detections) describeDetection(detection);

it("gives every rule its own id, name and title", () => {
  for (const part of ["id", "name", "title"] as const) {
    const given = detections.map(({ rule }) => rule[part]);
    expect(new Set(given).size).toBe(given.length);
  }
});
