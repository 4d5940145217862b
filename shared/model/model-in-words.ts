/** The model that a bill names in prose: `Claude Sonnet 4.5`, `Claude4.6Sonnet`, `gpt 4o mini 0718`, `Nova2.0Lite`. */
import type { Model } from "./activity.ts";
import { identifyModel } from "./identify-model.ts";

/** Undefined where the words are no model's name from start to end: a bill's other words are not to become models. */
export function modelInWords(words: string): Model | undefined {
  const spaced = words.trim().replaceAll(/[\s_]+/g, "-");
  const apart = spaced.replaceAll(/(?<=[a-z])(?=[A-Z\d])|(?<=\d)(?=[A-Z][a-z])/g, "-");
  const whole = apart.replace(/^(Deep)-(Seek)|^(Mini)-(Max)/, "$1$2$3$4");
  for (const id of [spaced, apart, whole, apart.replaceAll(/\.0(?=-|$)/g, "")]) {
    const model = identifyModel(id);
    if (model.name !== undefined) return { ...model, id: words.trim() };
  }
  return undefined;
}

/** What of a model is charged, and how it was served; with such a word its name is over. */
const charged: ReadonlySet<string> = new Set(
  `1000 1k 1m cache cached caching cchd cd context count cross data datazone demand dz dzone fine finetuned flex for ft
  ga generation gl glb glbl global grounding hosted hosting hours in inp inpt input long longco managed mantle minutes on
  ondemand online opt out outp outpt output prediction predictions priority provisioned provisionedthroughput prty ptu
  read reg region regional regnl request requests rgnl seconds short shortco standard std storage throughput token
  tokens training tuned tuning unit units usage write zone`.split(/\s+/),
);
/** May be charged, and may be of the name: `gemini 2.5 flash audio input`, `gpt-image-1`, `titan-embeddings-g1-text`. */
const modes: ReadonlySet<string> = new Set("text txt image images audio video speech thinking".split(" "));

/**
 * The model at the start of what a bill calls a charge: `gpt 4o 1120 cached Inp glbl Tokens`. `modesAreCharged` where
 * the vendor has separate charges for text, images and sound of one model.
 */
export function modelCharged(words: string, { modesAreCharged = false } = {}): Model | undefined {
  const parts = words.trim().split(/([\s_-]+)/);
  const until = (stops: (word: string) => boolean): string => {
    const end = parts.findIndex((part) => stops(part.toLowerCase()));
    return parts
      .slice(0, end === -1 ? parts.length : end)
      .join("")
      .replace(/[\s_-]+$/, "");
  };
  const isCharged = (word: string) => charged.has(word);
  const shorter = () => modelInWords(until((word) => isCharged(word) || modes.has(word)));
  return modesAreCharged ? shorter() : (modelInWords(until(isCharged)) ?? shorter());
}
