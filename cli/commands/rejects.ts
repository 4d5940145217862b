import type { Command } from "commander";
import { minute } from "../../shared/report/figures.ts";
import type { KeptReject } from "../../shared/store/books.ts";
import { openLastingStore } from "../../shared/store/open-store.ts";
import { type Door, formatOption, outputFor, outputs, write } from "../door.ts";
import type { Column } from "../render/columns.ts";
import { storeAt, storeOption } from "../results.ts";

const columns: readonly Column<KeptReject>[] = [
  { heading: "Seen", value: ({ seenTime }) => seenTime, show: ({ seenTime }) => minute(seenTime) },
  { heading: "Source", value: ({ source }) => source },
  { heading: "Reason", value: ({ reason }) => reason },
  { heading: "Place", value: ({ place }) => place },
  { heading: "Record", value: ({ record }) => record, numeric: true },
  { heading: "Replayed", value: ({ replayed }) => (replayed ? "yes" : "no") },
];

export function rejects(program: Command, door: Door): void {
  const command = program
    .command("rejects")
    .description("records that could not be read: reasons and places, never the records");
  command
    .command("list")
    .description("the newest first")
    .option("--source <id>", "only of this source")
    .addOption(formatOption(outputs.filter(({ list }) => list !== undefined)))
    .addOption(storeOption())
    .action(async (options: { source?: string; format: string; store?: string }) => {
      const store = await openLastingStore(storeAt(options, door));
      try {
        const rows = await store.books.rejects(options.source === undefined ? {} : { source: options.source });
        const listing = {
          schema: "gnomon.rejects/v1",
          columns,
          rows,
          whenEmpty: "No rejects: everything that was collected could be read.",
        };
        await write(
          outputFor(options.format).list?.(listing, { screen: door.out, placeOf: () => ({ file: "." }) }) ?? "",
          undefined,
          door,
        );
      } finally {
        await store.close();
      }
    });
}
