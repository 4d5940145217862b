/** What the sections of the report are made of. */
import type { Level } from "../model/finding.ts";
import type { EntityRow } from "../model/ledger.ts";
import { levelMark } from "./charts.ts";
import { doorTitle } from "./door-title.ts";
import { whole } from "./figures.ts";
import { breakable, type Html, html } from "./html.ts";

/** What entities are called, where a log said it, by type and uid. */
export type Names = ReadonlyMap<string, string>;

export const namesOf = (entities: readonly EntityRow[]): Names =>
  new Map(entities.filter(({ name, uid }) => name !== uid).map(({ type, uid, name }) => [`${type} ${uid}`, name]));

export function called(part: string, value: string, names: Names): Html {
  if (part === "door") return html`${doorTitle(value)}`;
  const name = names.get(`${part} ${value}`);
  return name === undefined ? breakable(value) : html`${name} (${breakable(value)})`;
}

export const figure = (name: string, value: Html | string, note: Html | string): Html =>
  html`<div class="figure"><dt>${name}</dt><dd class="value">${value}</dd><dd class="note">${note}</dd></div>`;

export const levelChip = (level: Level): Html =>
  html`<span class="chip ${level}">${levelMark(level)}${capital(level)}</span>`;

/** Nothing to show: why, and what to do next. */
export const empty = (what: string, next: Html | string): Html =>
  html`<div class="empty"><strong>${what}</strong>${next}</div>`;

/** What a caption says where not all is shown. */
export const more = (count: number, shown: number, command: string): string =>
  count > shown ? `, of which ${whole(shown)} are shown; “${command}” lists all` : "";

export const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
