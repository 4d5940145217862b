/** Words that a person has to choose from. What is none of them is told with the nearest, before anything is read. */
import { PipelineError } from "../shared/model/errors.ts";
import { didYouMean } from "../shared/policy/did-you-mean.ts";

/** Throws `config-invalid`. */
export function choice<Word extends string>(option: string, given: string, words: readonly Word[]): Word {
  const word = words.find((one) => one === given.trim().toLowerCase());
  if (word !== undefined) return word;
  const meant = didYouMean(given, words);
  throw new PipelineError(
    "config-invalid",
    `${option} ${given}: ${meant === undefined ? "" : `did you mean ${meant}? `}It is one of ${words.join(", ")}`,
  );
}

/** `team,model`: none twice, and no more than `most`. */
export function choices<Word extends string>(
  option: string,
  given: string,
  words: readonly Word[],
  most: number,
): readonly Word[] {
  const chosen = given.split(",").map((word) => choice(option, word, words));
  if (chosen.length > most) {
    throw new PipelineError("config-invalid", `${option} ${given}: at most ${most} of ${words.join(", ")}`);
  }
  if (new Set(chosen).size < chosen.length) {
    throw new PipelineError("config-invalid", `${option} ${given}: the same word twice`);
  }
  return chosen;
}

/** A number above 0, as in `--top 10`. Throws `config-invalid`. */
export function positiveNumber(option: string, given: string, meaning: string): number {
  const number = /^\d+(?:\.\d+)?$/.test(given.trim()) ? Number(given) : 0;
  if (number > 0) return number;
  throw new PipelineError("config-invalid", `${option} ${given}: ${meaning}`);
}
