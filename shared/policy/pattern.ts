/**
 * A person's pattern: `*` any run of characters, `?` any one, `!` in front negates. Anchored at both ends,
 * case-insensitive. Matched by stepping, never by a regular expression: at most pattern × value steps.
 */
import type { Pattern } from "./policy.ts";

/** Longer patterns are refused, so that the steps stay few. */
const LONGEST_PATTERN = 256;

/** The same few names come again and again; sessions and keys do not, and must not fill the memory. */
const MOST_REMEMBERED = 2_000;

/** What is wrong with a pattern, or undefined. */
export function patternProblem(pattern: Pattern): string | undefined {
  const body = pattern.startsWith("!") ? pattern.slice(1) : pattern;
  if (body === "") return pattern === "" ? "an empty pattern matches nothing" : '"!" negates nothing';
  if (body.startsWith("!")) return 'one "!" negates; two say nothing';
  if (body !== body.trim()) return "blanks at the start or end never match";
  if (pattern.length > LONGEST_PATTERN) return `longer than ${LONGEST_PATTERN} characters`;
  if (/^\^|\$$|[\\|]/.test(body))
    return "this looks like a regular expression; patterns know only *, ? and a leading !";
  return undefined;
}

/** Whether a pattern names one thing exactly. */
export const isExact = (pattern: Pattern): boolean => !/[*?]/.test(pattern);

/**
 * One value in all its spellings against a list: true if any positive pattern matches any spelling and no negated
 * one does. A list of only negations means everything but. Undefined where nothing is known of the value and the
 * list excludes something: nobody can say.
 */
export type PatternMatcher = (spellings: readonly (string | undefined)[]) => boolean | undefined;

export function compilePatterns(patterns: readonly Pattern[]): PatternMatcher {
  const lower = patterns.map((pattern) => pattern.toLowerCase());
  const excluded = lower.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));
  const included = lower.filter((pattern) => !pattern.startsWith("!"));
  const takesAnything = included.includes("*") || (included.length === 0 && excluded.length > 0);

  const decide = (value: string): "excluded" | "included" | "other" => {
    const folded = value.toLowerCase();
    if (excluded.some((pattern) => matches(pattern, folded))) return "excluded";
    return takesAnything || included.some((pattern) => matches(pattern, folded)) ? "included" : "other";
  };
  const decided = new Map<string, ReturnType<typeof decide>>();
  const decisionOn = (value: string): ReturnType<typeof decide> => {
    const before = decided.get(value);
    if (before) return before;
    const decision = decide(value);
    if (decided.size >= MOST_REMEMBERED) decided.clear();
    decided.set(value, decision);
    return decision;
  };

  return (spellings) => {
    let known = false;
    let taken = false;
    for (const spelling of spellings) {
      if (spelling === undefined) continue;
      known = true;
      const decision = decisionOn(spelling);
      if (decision === "excluded") return false;
      taken ||= decision === "included";
    }
    if (known) return taken;
    if (!takesAnything) return false;
    return excluded.length === 0 ? true : undefined;
  };
}

/** For each pattern whether it matches, whatever a `!` in front of it then makes of that. */
export const matchersOf = (patterns: readonly Pattern[]): readonly ((value: string) => boolean)[] =>
  [...new Set(patterns.map((pattern) => pattern.toLowerCase().replace(/^!/, "")))].map(
    (pattern) => (value: string) => matches(pattern, value.toLowerCase()),
  );

/** On a mismatch, only the last `*` takes one character more: earlier ones never need to. */
function matches(pattern: string, value: string): boolean {
  let at = 0;
  let star = -1;
  let taken = 0;
  for (let position = 0; position < value.length; ) {
    const wanted = at < pattern.length ? pattern.charCodeAt(at) : -1;
    if (wanted === ANY_RUN) {
      star = at;
      at += 1;
      taken = position;
    } else if (wanted === value.charCodeAt(position) || wanted === ANY_ONE) {
      at += 1;
      position += 1;
    } else if (star >= 0) {
      at = star + 1;
      taken += 1;
      position = taken;
    } else return false;
  }
  while (at < pattern.length && pattern.charCodeAt(at) === ANY_RUN) at += 1;
  return at === pattern.length;
}

const ANY_RUN = "*".charCodeAt(0);
const ANY_ONE = "?".charCodeAt(0);
