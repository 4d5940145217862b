/** HTML that escapes by itself: what stands in a template as a value is text, unless it is `Html` already. */

/** Markup that was escaped where it was made: by `html`, or a constant of our own. */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

export type Part = Html | string | number | undefined | readonly Part[];

export function html(template: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(template.reduce((markup, text, at) => markup + markupOf(parts[at - 1]) + text));
}

function markupOf(part: Part): string {
  if (part === undefined) return "";
  if (part instanceof Html) return part.toString();
  if (typeof part === "object") return part.map(markupOf).join("");
  return escaped(String(part));
}

/**
 * Log fields are hostile. Beside the five characters of HTML, what steers the eye is made visible: controls, and
 * marks that turn the direction of writing (Unicode TR36).
 */
const escaped = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;")
    .replace(/(?![\t\n\r])\p{Cc}|[\u200e\u200f\u202a-\u202e\u2066-\u2069]|\p{Cs}/gu, "\ufffd");

/** May break after the marks that part long names: `arn:aws:iam::…/…`. */
export const breakable = (name: string): Html =>
  new Html(
    name
      .split(/(?<=[/:@._-])(?=[^\s])/)
      .map(escaped)
      .join("<wbr>"),
  );
