/** Smaller models of one family, and how doors write a model's name. */

/** From a model to those that are one and two steps smaller, of the same maker. Vendors' model pages (2026-11). */
const steps: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^anthropic\/claude-(?:opus-.*|3-opus)$/, ["anthropic/claude-sonnet-4-5", "anthropic/claude-haiku-4-5"]],
  [/^anthropic\/claude-(?:sonnet-.*|3-[57]-sonnet|3-sonnet)$/, ["anthropic/claude-haiku-4-5"]],
  [/^(openai\/gpt-(?:4o|4\.1|5(?:\.\d)?))$/, ["$1-mini", "$1-nano"]],
  [/^(openai\/gpt-(?:4\.1|5(?:\.\d)?))-mini$/, ["$1-nano"]],
  [/^openai\/gpt-4(?:-turbo)?$/, ["openai/gpt-4o-mini"]],
  [/^openai\/o3$/, ["openai/o4-mini"]],
  [/^(google\/gemini-\d(?:\.\d)?)-pro$/, ["$1-flash", "$1-flash-lite"]],
  [/^(google\/gemini-\d(?:\.\d)?)-flash$/, ["$1-flash-lite"]],
  [/^(amazon\/nova-(?:\d-)?)premier$/, ["$1pro", "$1lite"]],
  [/^(amazon\/nova-(?:\d-)?)pro$/, ["$1lite", "$1micro"]],
  [/^(amazon\/nova-(?:\d-)?)lite$/, ["$1micro"]],
  [/^mistral\/mistral-large.*$/, ["mistral/mistral-medium-3.1", "mistral/mistral-small"]],
];

/** The next smaller one first. */
export function siblingsOf(name: string): readonly string[] {
  const step = steps.find(([larger]) => larger.test(name));
  return step ? step[1].map((smaller) => name.replace(step[0], smaller)) : [];
}

/** Ids that price lists of Bedrock know these by; others they know by name. */
const bedrock: Readonly<Record<string, string>> = {
  "anthropic/claude-sonnet-4-5": "anthropic.claude-sonnet-4-5-20250929-v1:0",
  "anthropic/claude-haiku-4-5": "anthropic.claude-haiku-4-5-20251001-v1:0",
  "anthropic/claude-sonnet-4": "anthropic.claude-sonnet-4-20250514-v1:0",
  "anthropic/claude-opus-4-1": "anthropic.claude-opus-4-1-20250805-v1:0",
  "anthropic/claude-opus-4-5": "anthropic.claude-opus-4-5-20251101-v1:0",
  "anthropic/claude-3-7-sonnet": "anthropic.claude-3-7-sonnet-20250219-v1:0",
  "anthropic/claude-3-5-haiku": "anthropic.claude-3-5-haiku-20241022-v1:0",
  "anthropic/claude-3-haiku": "anthropic.claude-3-haiku-20240307-v1:0",
  "meta/llama-3.3-70b-instruct": "meta.llama3-3-70b-instruct-v1:0",
  "meta/llama-3.1-8b-instruct": "meta.llama3-1-8b-instruct-v1:0",
};

/** The ways this door may write the model, by its name across doors. */
export function spellingsAt(door: string, name: string): readonly string[] {
  const short = name.slice(name.indexOf("/") + 1);
  const id = door === "aws.bedrock" && Object.hasOwn(bedrock, name) ? bedrock[name] : undefined;
  return id === undefined ? [short] : [id, short];
}
