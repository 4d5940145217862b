/** What the views of cost have in common: where usage comes from, which form it leaves in, what to say of none. */
import type { Command } from "commander";
import type { EpochMs } from "../../shared/model/units.ts";
import { days } from "../../shared/report/figures.ts";
import { choice } from "../choice.ts";
import { type Door, outputFor, outputs } from "../door.ts";
import type { Listing } from "../outputs/output.ts";
import { type ResultOptions, resultOptions } from "../results.ts";
import type { KnownUsage } from "../usage.ts";

export interface ViewOptions extends ResultOptions {
  readonly format?: string;
  readonly output?: string;
}

const formats = outputs.filter(({ list }) => list !== undefined).map(({ format }) => format);

/** The options that every view has. */
export const viewOptions = (command: Command, allowed: readonly string[] = formats): Command =>
  resultOptions(
    command
      .argument("[path...]", "log files or folders; without any, what --store holds")
      .option("-f, --format <format>", `${allowed.join(", ")} (default: table)`)
      .option("-o, --output <file>", "write there instead of stdout"),
  );

/** Throws `config-invalid`, before anything is read. */
export const formatOf = ({ format }: ViewOptions): string => choice("--format", format ?? "table", formats);

export const listed = <Row>(listing: Listing<Row>, format: string, door: Door): string =>
  outputFor(format).list?.(listing, { screen: door.out, placeOf: () => ({ file: "" }) }) ?? "";

export const NO_USE =
  "No use of a model in there. Name folders of exported logs, collect into a store (gnomon init), or see one at work: gnomon demo";

/** Where there is use, and none of it in the period that was asked for. */
export function noUseIn(
  { since, until }: { readonly since?: EpochMs; readonly until?: EpochMs },
  { start, end }: Pick<KnownUsage, "start" | "end">,
): string {
  if (start === undefined || end === undefined) return NO_USE;
  const asked = days(since ?? start, Math.max(since ?? start, (until ?? end) - 1));
  return `No use in ${asked}: what is known is of ${days(start, end - 1)}. Try: --month ${new Date(end - 1).toISOString().slice(0, 7)}`;
}
