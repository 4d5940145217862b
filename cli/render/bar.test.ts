import { describe, expect, it } from "vitest";
import { bar } from "./bar.ts";

describe("a bar", () => {
  it("is a part of its width, an eighth of a column fine", () => {
    expect(bar(1, 4)).toBe("████");
    expect(bar(0.5, 4)).toBe("██  ");
    expect(bar(0.28125, 4)).toBe("█▏  ");
    expect(bar(0, 4)).toBe("    ");
  });

  it("is seen where anything is, and no longer than its width", () => {
    expect(bar(1e-9, 4)).toBe("▏   ");
    expect(bar(-0.5, 4)).toBe("    ");
    expect(bar(7, 4)).toBe("████");
  });
});
