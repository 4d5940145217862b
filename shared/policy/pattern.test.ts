import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { processorMs } from "../../test/processor-time.ts";
import { compilePatterns, patternProblem } from "./pattern.ts";

const matches = (patterns: string | string[], ...spellings: (string | undefined)[]) =>
  compilePatterns([patterns].flat())(spellings);

describe("a pattern", () => {
  it("is anchored at both ends", () => {
    expect(matches("claude-*", "claude-3-haiku")).toBe(true);
    expect(matches("claude-*", "notclaude-1")).toBe(false);
    expect(matches("*-haiku", "claude-3-haiku-20240307")).toBe(false);
    expect(matches("gpt-4o", "gpt-4o-mini")).toBe(false);
  });

  it("lets * take nothing, and ? exactly one character", () => {
    expect(matches("claude*", "claude")).toBe(true);
    expect(matches("gpt-?", "gpt-5")).toBe(true);
    expect(matches("gpt-?", "gpt-")).toBe(false);
    expect(matches("gpt-?", "gpt-45")).toBe(false);
  });

  it("does not care about case", () => {
    expect(matches("GPT-4*", "gpt-4o")).toBe(true);
    expect(matches("eastus", "EastUS")).toBe(true);
  });

  it("gives no meaning to dots, brackets and plus signs", () => {
    expect(matches("gpt-4.1", "gpt-4x1")).toBe(false);
    expect(matches("a+(b)[c]", "a+(b)[c]")).toBe(true);
  });

  it("matches what it is made from by wildcards", () => {
    const piece = fc.string({ maxLength: 8 }).map((text) => text.replaceAll(/[*?!]/g, "x"));
    fc.assert(
      fc.property(fc.array(fc.tuple(piece, piece), { minLength: 1, maxLength: 6 }), (pieces) => {
        const pattern = pieces.map(([kept]) => `${kept}*`).join("");
        const value = pieces.flat().join("");
        expect(matches(`x${pattern}`, `x${value}`)).toBe(true);
        expect(matches(`x${pattern}`, `y${value}`)).toBe(false);
      }),
    );
  });

  it("says the same as the regular expression it stands for", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 });
    const value = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 });
    fc.assert(
      fc.property(letters, value, (pattern, text) => {
        const regular = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(matches(pattern, text)).toBe(regular.test(text));
      }),
    );
  });

  it("does not run for ever on a hostile value", () => {
    const hostile = `${"*a".repeat(100)}b`;
    expect(processorMs(() => expect(matches(hostile, "a".repeat(1_024))).toBe(false))).toBeLessThan(2_000);
  });
});

describe("a list of patterns", () => {
  it("matches if any positive pattern does and no negated one does", () => {
    expect(matches(["claude-*", "gpt-*"], "gpt-4o")).toBe(true);
    expect(matches(["claude-*", "!claude-2*"], "claude-2.1")).toBe(false);
    expect(matches(["!claude-2*", "claude-*"], "claude-3")).toBe(true);
  });

  it("means everything but, where all are negated", () => {
    expect(matches("!deepseek*", "gpt-4o")).toBe(true);
    expect(matches("!deepseek*", "deepseek-r1")).toBe(false);
  });

  it("lets any spelling of a value match, and any spelling exclude it", () => {
    expect(matches("claude-*", "anthropic/claude-3", "claude-3", "us.anthropic.claude-3-v1:0")).toBe(true);
    expect(matches(["*", "!claude-*"], "anthropic/claude-3", "claude-3")).toBe(false);
  });

  it("takes a value nobody reported only for a bare *, and does not decide what may be excluded", () => {
    expect(matches("*", undefined)).toBe(true);
    expect(matches("claude-*", undefined)).toBe(false);
    expect(matches("!deepseek*", undefined)).toBeUndefined();
    expect(matches(["*", "!deepseek*"], undefined, undefined)).toBeUndefined();
  });
});

it("names what is wrong with a pattern", () => {
  expect(patternProblem("claude-*")).toBeUndefined();
  expect(patternProblem("!*@corp.example")).toBeUndefined();
  expect(patternProblem("")).toContain("empty");
  expect(patternProblem("!")).toContain("negates nothing");
  expect(patternProblem("!!x")).toContain("two");
  expect(patternProblem(" x")).toContain("blanks");
  expect(patternProblem("^claude")).toContain("regular expression");
  expect(patternProblem("a|b")).toContain("regular expression");
  expect(patternProblem("x".repeat(256))).toBeUndefined();
  expect(patternProblem("x".repeat(257))).toContain("256");
});
