/** The model that a bill names in prose: `Claude Sonnet 4.5`, `Claude4.6Sonnet`, `gpt 4o mini 0718`, `Nova2.0Lite`. */
import type { Model } from "./activity.ts";
import { identifyModel } from "./identify-model.ts";

/** Undefined where the words are no model's name from start to end: a bill's other words are not to become models. */
export function modelInWords(words: string): Model | undefined {
  const spaced = words.trim().replaceAll(/[\s_]+/g, "-");
  const apart = spaced.replaceAll(/(?<=[a-z])(?=[A-Z\d])|(?<=\d)(?=[A-Z][a-z])/g, "-");
  for (const id of [spaced, apart, apart.replaceAll(/\.0(?=-|$)/g, "")]) {
    const model = identifyModel(id);
    if (model.name !== undefined) return { ...model, id: words.trim() };
  }
  return undefined;
}
