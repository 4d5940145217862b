import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { checkShape, formatProblem, readYaml } from "./yaml-document.ts";

const read = (text: string) => {
  const document = readYaml(text, "some.yaml");
  return "value" in document ? document : expect.fail(JSON.stringify(document.problems));
};

const problemsOf = (text: string, shape: z.ZodType = z.unknown()) => {
  const document = readYaml(text, "some.yaml");
  const checked = "value" in document ? checkShape(document, shape) : document;
  return "problems" in checked ? checked.problems.map((problem) => formatProblem(problem)) : [];
};

describe("a YAML document", () => {
  it("keeps every scalar as written", () => {
    expect(read("a: 012\nb: no\nc: 2026-01-01\nd: 1e3").value).toEqual({
      a: "012",
      b: "no",
      c: "2026-01-01",
      d: "1e3",
    });
  });

  it("has null where nothing is written, and an empty text where that is", () => {
    expect(read("a:\nb: ''").value).toEqual({ a: null, b: "" });
  });

  it("follows anchors, and takes __proto__ for a key like any other", () => {
    expect(read("a: &x [1]\nb: *x").value).toEqual({ a: ["1"], b: ["1"] });
    const { value } = read("__proto__: {polluted: yes}");
    expect(Object.keys(value as object)).toEqual(["__proto__"]);
    expect("polluted" in {}).toBe(false);
  });

  it("knows where a value and its key stand, and where a text is counted into", () => {
    const document = read('a:\n  - b: "xyz"\n    c: |\n      one\n      two\n');
    expect(document.place(["a", 0, "b"])).toEqual({ line: 2, column: 8 });
    expect(document.placeOfKey(["a", 0, "b"])).toEqual({ line: 2, column: 5 });
    expect(document.place(["a", 0, "b"], 1)).toEqual({ line: 2, column: 10 });
    expect(document.place(["a", 0, "c"], 5)).toEqual({ line: 5, column: 8 });
    expect(document.place(["a", 0, "nowhere", 7])).toEqual({ line: 2, column: 5 });
    expect(read("a: &x\n  b: 1\nc: *x").place(["c"])).toEqual({ line: 3, column: 4 });
  });
});

describe("problems of the YAML itself", () => {
  it("have their place", () => {
    expect(problemsOf("a: 'x\nb: [")).toEqual(["some.yaml:2:5 missing closing 'quote"]);
    expect(problemsOf("a: 1\n\ta: 2")[0]).toMatch(/^some\.yaml:2:\d+ /);
    expect(problemsOf("a: 1\na: 2")).toEqual(["some.yaml:2:1 this key is given twice"]);
    expect(problemsOf("a: 1\n---\nb: 2")[0]).toMatch(/^some\.yaml:2:1 .*multiple documents/);
    expect(problemsOf("# nothing\n")).toEqual(["some.yaml:1:1 the file is empty"]);
  });

  it("tell a person to quote what YAML takes for a tag or an alias", () => {
    expect(problemsOf("a: [!deepseek*]")).toEqual([
      'some.yaml:1:5 a[0]: a "!" at the start is a tag in YAML; write "!deepseek*" in quotes',
    ]);
    expect(problemsOf("a: *-haiku")).toEqual([
      'some.yaml:1:4 a: a "*" at the start is an alias in YAML; write "*-haiku" in quotes',
    ]);
    expect(problemsOf("a: *")).toEqual([
      'some.yaml:1:4 a: a "*" at the start is an alias in YAML; write "*" in quotes',
    ]);
  });

  it("stop a bomb of aliases, an endless one, a deep and a large file", () => {
    const bomb = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`);
    expect(problemsOf(["a0: &a0 x", ...bomb].join("\n")).join()).toContain("more than 20000 values");
    expect(problemsOf("a: &x [*x]").join()).toContain("deep");
    expect(problemsOf("[".repeat(50_000))).not.toEqual([]);
    expect(problemsOf("- ".repeat(50_000))).not.toEqual([]);
    expect(problemsOf(`a: ${"x".repeat(1_000_000)}`)).toEqual(["some.yaml:1:1 larger than 1000000 characters"]);
  });

  it("never throw, whatever the file holds", () => {
    const yamlish = fc.string({
      unit: fc.constantFrom(..."ab:-[]{}&*!|>'\"?#,% \n\t\u0000".split("")),
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.oneof(yamlish, fc.string({ unit: "binary" })), (text) => {
        for (const problem of problemsOf(text, z.strictObject({ a: z.string() })))
          expect(problem).toMatch(/^some\.yaml:\d+:\d+ /);
      }),
      { numRuns: 500 },
    );
  });
});

describe("problems of the shape", () => {
  const shape = z.strictObject({
    level: z.enum(["low", "high"]).optional(),
    rules: z.array(
      z.strictObject({ name: z.string(), models: z.union([z.string(), z.array(z.string())]).optional() }),
    ),
  });

  it("come all at once, by place", () => {
    const text =
      "level: hihg\nrules:\n  - nmae: x\n  - name: [x]\n    models: {a: b}\n  - models: [x, {}]\n    name: x\n  - {}";
    expect(problemsOf(text, shape)).toEqual([
      'some.yaml:1:8 level: expected one of low, high; did you mean "high"?',
      'some.yaml:3:5 rules[0].nmae: unknown field; did you mean "name"?',
      "some.yaml:4:11 rules[1].name: expected text, got a list",
      "some.yaml:5:13 rules[1].models: expected text or a list, got a mapping",
      "some.yaml:6:17 rules[2].models[1]: expected text, got a mapping",
      "some.yaml:8:5 rules[3].name: missing",
    ]);
  });

  it("name the fields there are, where none is near", () => {
    expect(problemsOf("rules: []\ncolour: red", shape)).toEqual([
      "some.yaml:2:1 colour: unknown field; known here: level, rules",
    ]);
  });

  it("say what was found instead", () => {
    expect(problemsOf("- a", shape)).toEqual(["some.yaml:1:1 expected a mapping, got a list"]);
    expect(problemsOf("rules:", shape)).toEqual(["some.yaml:1:1 rules: expected a list, got nothing"]);
    expect(problemsOf("rules: {}", shape)).toEqual(["some.yaml:1:8 rules: expected a list, got a mapping"]);
  });
});

describe("a formatted problem", () => {
  const problem = { file: "p.yaml", line: 2, column: 5, path: "a", message: "wrong" };

  it("points at the place, if given the text", () => {
    expect(formatProblem(problem)).toBe("p.yaml:2:5 a: wrong");
    expect(formatProblem({ ...problem, suggestion: "b" }, "x\n  a: c\r\ny")).toBe(
      'p.yaml:2:5 a: wrong; did you mean "b"?\n    2 |   a: c\n      |     ^',
    );
  });

  it("shows of a long line only what is around the place", () => {
    const shown = formatProblem({ ...problem, line: 1, column: 501 }, `${"x".repeat(500)}!${"y".repeat(500)}`);
    const [, line = "", caret = ""] = shown.split("\n");
    expect(line.length).toBeLessThan(120);
    expect(line[caret.indexOf("^")]).toBe("!");
  });
});
