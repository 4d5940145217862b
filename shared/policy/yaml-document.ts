/**
 * A YAML file that a person edits, checked as a whole: its values, where each stands, and everything that is wrong
 * with it at once. The only file that knows the YAML library.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { z } from "zod";
import { didYouMean } from "./did-you-mean.ts";

export interface Problem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 units. */
  readonly column: number;
  /** `approvals[0].models`; "" for the file itself. */
  readonly path: string;
  readonly message: string;
  /** The word that was probably meant. */
  readonly suggestion?: string;
}

export type Path = readonly PropertyKey[];

export interface YamlDocument {
  readonly file: string;
  /** Plain objects, lists and texts; `null` where nothing is written. */
  readonly value: unknown;
  /** Where the value at `path` stands, or the nearest thing around it. `offset` counts within a text. */
  place(path: Path, offset?: number): Position;
  /** Where the key of the last part of `path` stands. */
  placeOfKey(path: Path): Position;
  /** What the YAML itself gets wrong, and the values can be read nevertheless. */
  readonly problems: readonly Problem[];
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A person's file; more than this is something else. */
const LARGEST_FILE = 1_000_000;
/** Values of one file, aliases counted each time they are used: a bomb of aliases stops here. */
const MOST_VALUES = 20_000;
/** An alias inside its own anchor has no end. */
const DEEPEST = 50;

/** Problems of YAML that leave the tree as it was meant. */
const harmless = new Set(["DUPLICATE_KEY", "BAD_ALIAS", "TAG_RESOLVE_FAILED"]);

/**
 * Every scalar stays a text as written, so that account 012345678901 keeps its zero and a model called `no` is no
 * `false`. Never throws.
 */
export function readYaml(text: string, file: string): YamlDocument | { readonly problems: readonly Problem[] } {
  const lines = new LineCounter();
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problemAt = (offset: number, message: string, path = ""): Problem => ({
    file,
    ...position(offset),
    path,
    message,
  });

  if (text.length > LARGEST_FILE) return { problems: [problemAt(0, `larger than ${LARGEST_FILE} characters`)] };

  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: "failsafe",
  });
  const syntax = document.errors.filter(({ code }) => !harmless.has(code));
  if (syntax.length > 0)
    return { problems: syntax.map(({ pos, message }) => problemAt(pos[0], inOneLine(message))).sort(byPosition) };
  if (document.contents === null) return { problems: [problemAt(0, "the file is empty")] };

  const tree = new Tree(text, document);
  const value = tree.valueOf(document.contents, []);
  const duplicates = document.errors.filter(({ code }) => code === "DUPLICATE_KEY");
  return {
    file,
    value,
    problems: [
      ...duplicates.map(({ pos }) => problemAt(pos[0], "this key is given twice")),
      ...tree.problems.map(({ offset, message, path }) => problemAt(offset, message, path)),
    ],
    place: (path, offset) => position(tree.offsetOf(path, offset)),
    placeOfKey: (path) => position(tree.keyOffsets.get(written(path)) ?? tree.offsetOf(path)),
  };
}

/** Walks the nodes once: values, and the offset of each by path. */
class Tree {
  readonly keyOffsets = new Map<string, number>();
  readonly problems: { readonly offset: number; readonly message: string; readonly path: string }[] = [];
  readonly #text: string;
  readonly #document: Document;
  readonly #nodes = new Map<string, Node>();
  #values = 0;
  #gaveUp = false;

  constructor(text: string, document: Document) {
    this.#text = text;
    this.#document = document;
  }

  valueOf(node: unknown, path: Path): unknown {
    const at = written(path);
    this.#values += 1;
    if (this.#values > MOST_VALUES || path.length > DEEPEST) {
      if (!this.#gaveUp) {
        const message =
          this.#values > MOST_VALUES ? `more than ${MOST_VALUES} values` : `nested more than ${DEEPEST} deep`;
        this.problems.push({ offset: rangeOf(node)[0], message, path: "" });
      }
      this.#gaveUp = true;
      return null;
    }
    if (isMap(node)) {
      this.#nodes.set(at, node);
      this.#unquoted(node, at);
      return Object.fromEntries(
        node.items.map(({ key, value }) => {
          const name = isScalar(key) ? String(key.value) : this.#text.slice(...rangeOf(key));
          const inner = [...path, name];
          this.keyOffsets.set(written(inner), rangeOf(key)[0]);
          return [name, this.valueOf(value, inner)];
        }),
      );
    }
    if (isSeq(node)) {
      this.#nodes.set(at, node);
      this.#unquoted(node, at);
      return node.items.map((item, index) => this.valueOf(item, [...path, index]));
    }
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target) {
        const value = this.valueOf(target, path);
        this.#nodes.set(at, node);
        return value;
      }
      const source = `*${node.source}`;
      const message = `a "*" at the start is an alias in YAML; write ${JSON.stringify(source)} in quotes`;
      this.#nodes.set(at, node);
      this.problems.push({ offset: rangeOf(node)[0], message, path: at });
      return source;
    }
    if (!isScalar(node)) return null;
    this.#nodes.set(at, node);
    const tagged = this.#unquoted(node, at);
    if (tagged) return tagged;
    const [start, end] = rangeOf(node);
    return node.type === "PLAIN" && start === end ? null : node.value;
  }

  /** `!deepseek*` without quotes is a tag to YAML, and its value is lost: the text that was meant, if so. */
  #unquoted(node: Node & { tag?: string }, path: string): string | undefined {
    if (!node.tag?.startsWith("!")) return undefined;
    const [start, end] = rangeOf(node);
    const tagStart = this.#text.lastIndexOf(node.tag, start);
    const source = this.#text.slice(tagStart, isScalar(node) ? end : tagStart + node.tag.length).trim();
    const message = `a "!" at the start is a tag in YAML; write ${JSON.stringify(source)} in quotes`;
    this.problems.push({ offset: Math.max(tagStart, 0), message, path });
    return source;
  }

  offsetOf(path: Path, within = 0): number {
    for (let length = path.length; length >= 0; length--) {
      const at = written(path.slice(0, length));
      const node = this.#nodes.get(at);
      if (!node) continue;
      const [start, end] = rangeOf(node);
      // Nothing is written there: the key is what a person sees.
      if (start === end) return this.keyOffsets.get(at) ?? start;
      return length === path.length && isScalar(node) ? start + this.#shift(node.value, start, within) : start;
    }
    return 0;
  }

  /** How far the character `within` a text stands from the text's start in the file; 0 where folding hides it. */
  #shift(value: unknown, start: number, within: number): number {
    if (within === 0 || typeof value !== "string") return 0;
    for (const quote of [0, 1]) if (this.#text.startsWith(value, start + quote)) return quote + within;
    const header = this.#text.indexOf("\n", start) + 1;
    if (this.#text[start] !== "|" || header === 0) return 0;
    const before = value.slice(0, within).split("\n");
    const source = this.#text.slice(header).split("\n");
    const indent = source.find((line) => line.trim() !== "")?.search(/\S/) ?? 0;
    const above = source.slice(0, before.length - 1).reduce((sum, line) => sum + line.length + 1, 0);
    return header - start + above + indent + (before.at(-1)?.length ?? 0);
  }
}

const rangeOf = (node: unknown): [number, number] => {
  const range = typeof node === "object" && node !== null && "range" in node ? (node as Node).range : undefined;
  return range ? [range[0], range[1]] : [0, 0];
};

const inOneLine = (message: string): string => {
  const line = message.replaceAll(/\s+/g, " ").trim();
  return line.charAt(0).toLowerCase() + line.slice(1);
};

/** `approvals[0].models` */
export const written = (path: Path): string =>
  path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`))
    .join("");

/**
 * The value as the shape wants it, or all that is wrong with it: unknown keys, wrong types, and what the shape's own
 * checks add as custom issues with `params: { suggestion?, offset? }`.
 */
export function checkShape<Shape extends z.ZodType>(
  document: YamlDocument,
  shape: Shape,
): { readonly value: z.output<Shape> } | { readonly problems: readonly Problem[] } {
  /** zod forgets which keys a mapping may have before the issue reaches us; it still knows here. */
  const known = new Map<unknown, readonly string[]>();
  const read = shape.safeParse(document.value, {
    error: (issue) => {
      if (issue.code === "unrecognized_keys" && issue.inst instanceof z.ZodObject)
        known.set(issue.input, Object.keys(issue.inst.shape));
      return undefined;
    },
  });
  const shapeProblems = read.success
    ? []
    : read.error.issues.flatMap((issue) => problemsOf(issue, [], document, known));
  const problems = [
    ...document.problems,
    ...shapeProblems.filter((problem) => !isExplained(problem, shapeProblems, document.problems)),
  ].sort(byPosition);
  return read.success && problems.length === 0 ? { value: read.data } : { problems };
}

/** One mistake, one problem: `modles` is unknown, so `models` need not be called missing. */
const isExplained = (problem: Problem, shape: readonly Problem[], yaml: readonly Problem[]): boolean =>
  yaml.some(({ path }) => path !== "" && path === problem.path) ||
  (problem.message === MISSING &&
    shape.some(({ path, suggestion }) => suggestion && problem.path === besides(path, suggestion)));

/** `owners[0].name` for `owners[0].nme` and `name`. */
const besides = (path: string, key: string): string => `${path.slice(0, path.lastIndexOf(".") + 1)}${key}`;

const MISSING = "missing";

function problemsOf(
  issue: z.core.$ZodIssue,
  around: Path,
  document: YamlDocument,
  known: ReadonlyMap<unknown, readonly string[]>,
): Problem[] {
  const path = [...around, ...issue.path];
  const problem = (message: string, suggestion?: string, position = document.place(path), at = path): Problem => ({
    file: document.file,
    ...position,
    path: written(at),
    message,
    ...(suggestion === undefined ? {} : { suggestion }),
  });
  const given = valueAt(document.value, path);
  if (given === undefined && issue.code !== "custom")
    return [problem(MISSING, undefined, document.place(path.slice(0, -1)))];

  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => {
        const keys = known.get(given) ?? [];
        const suggestion = didYouMean(key, keys);
        const message = suggestion ? "unknown field" : `unknown field; known here: ${keys.join(", ")}`;
        return problem(message, suggestion, document.placeOfKey([...path, key]), [...path, key]);
      });
    case "invalid_union": {
      if (issue.inclusive !== false && issue.options !== undefined)
        return [problem(...oneOf(issue.options.map(String), given))];
      const [only, ...others] = issue.errors.filter(beginsRight);
      if (only && others.length === 0) return only.flatMap((inner) => problemsOf(inner, path, document, known));
      const inner = issue.errors.flat();
      const words = inner.filter(isOtherThanTheWord).flatMap(({ values }) => values.map(String));
      const types = inner.filter(isWrongType).map(({ expected }) => typeName(expected));
      const wanted = [...new Set([...words, ...types])].join(" or ");
      return [problem(`expected ${wanted}, got ${described(given)}`, nearest(given, words))];
    }
    case "invalid_type":
      return [problem(`expected ${typeName(issue.expected)}, got ${described(given)}`)];
    case "invalid_value":
      return [problem(...oneOf(issue.values.map(String), given))];
    case "too_small":
      return [problem(issue.origin === "array" ? "an empty list" : "an empty text")];
    case "custom": {
      const { suggestion, offset } = CustomParams.parse(issue.params ?? {});
      return [problem(issue.message, suggestion, document.place(path, offset))];
    }
    default:
      return [problem(issue.message)];
  }
}

/** What is wrong with a word that is none of `values`, and the one that may have been meant. */
const oneOf = (values: readonly string[], given: unknown): [message: string, suggestion: string | undefined] => [
  `expected one of ${values.join(", ")}`,
  nearest(given, values),
];

const nearest = (given: unknown, words: readonly string[]): string | undefined =>
  typeof given === "string" ? didYouMean(given, words) : undefined;

const CustomParams = z.object({ suggestion: z.string().optional(), offset: z.number().optional() });

/** A branch of a union that takes the value itself, and objects to something in it. */
const beginsRight = (branch: readonly z.core.$ZodIssue[]): boolean =>
  !branch.some((issue) => (isWrongType(issue) && issue.path.length === 0) || isOtherThanTheWord(issue));

/** Of the branch of a union that is one word: `memory`, or a mapping. */
const isOtherThanTheWord = (issue: z.core.$ZodIssue): issue is z.core.$ZodIssueInvalidValue =>
  issue.code === "invalid_value" && issue.path.length === 0 && issue.values.length === 1;

const isWrongType = (issue: z.core.$ZodIssue): issue is z.core.$ZodIssueInvalidType =>
  issue.code === "invalid_type";

const typeName = (expected: string): string => typeNames.get(expected) ?? expected;

const typeNames = new Map([
  ["string", "text"],
  ["array", "a list"],
  ["object", "a mapping"],
  ["record", "a mapping"],
  ["number", "a number"],
  ["int", "a whole number"],
]);

const described = (value: unknown): string => {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : "text";
};

function valueAt(value: unknown, path: Path): unknown {
  let inner = value;
  for (const part of path) {
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, part)) return undefined;
    inner = Reflect.get(inner, part);
  }
  return inner;
}

/** By place in the file. */
export const byPosition = (a: Problem, b: Problem): number => a.line - b.line || a.column - b.column;

/** Around a place, a line longer than this is cut. */
const EXCERPT_WIDTH = 100;

/**
 * `policy.yaml:4:15 approvals[0].modles: unknown field; did you mean "models"?`; with the file's text, the line
 * itself and a caret under the place. The excerpt shows what the file says: not for files that hold secrets.
 */
export function formatProblem(problem: Problem, source?: string): string {
  const { file, line, column, path, message, suggestion } = problem;
  const place = `${file}:${line}:${column}`;
  const hint = suggestion === undefined ? "" : `; did you mean ${JSON.stringify(suggestion)}?`;
  const sentence = `${place} ${path === "" ? "" : `${path}: `}${message}${hint}`;
  const text = source?.split(/\r?\n/)[line - 1];
  if (text === undefined || text.trim() === "") return sentence;

  const from = Math.max(0, column - 1 - EXCERPT_WIDTH / 2);
  const gutter = `${String(line).padStart(5)} | `;
  const shown = text.slice(from, from + EXCERPT_WIDTH).replaceAll("\t", " ");
  return `${sentence}\n${gutter}${shown}\n${" ".repeat(gutter.length - 2)}| ${" ".repeat(column - 1 - from)}^`;
}
