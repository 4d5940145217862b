import type { Command } from "commander";
import { lineLog } from "../../functions/log.ts";
import { takeRaw } from "../../functions/normalize.ts";
import { openRuntime, readConfiguration } from "../../functions/runtime.ts";
import { readMessages } from "../../shared/bus/kafka-bus.ts";
import { kafkaSettings } from "../../shared/bus/kafka-settings.ts";
import { placeOf } from "../../shared/bus/messages.ts";
import { topics } from "../../shared/bus/topics.ts";
import { minute } from "../../shared/report/figures.ts";
import type { KeptReject } from "../../shared/store/books.ts";
import { openLastingStore } from "../../shared/store/open-store.ts";
import { configOption, type Door, formatOption, outputFor, outputs, write } from "../door.ts";
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

/** `ai.activity.raw/3/1207`, as `normalize` writes the place of what it could not read. */
const ON_THE_BUS = /^(ai\.activity\.raw)\/(\d+)\/(\d+)$/;

/**
 * After a fix: reads again what is still where it was. A record on the raw topic is normalized anew; one in a file that
 * this machine can read is scanned anew; for one that a collector rejected, the collector reads its window again.
 */
async function replayRejects(config: string, source: string | undefined, door: Door): Promise<void> {
  const configuration = await readConfiguration(config, door.environment);
  const runtime = openRuntime(configuration, lineLog(door.err, true, Date.now));
  try {
    const { books } = await runtime.store();
    const kept = (await books.rejects(source === undefined ? {} : { source })).filter(({ replayed }) => !replayed);
    const onBus = kept.filter(({ place }) => ON_THE_BUS.test(place));
    const elsewhere = kept.length - onBus.length;
    const wanted = new Set(onBus.map(({ place }) => place));
    if (wanted.size > 0 && configuration.bus !== "memory") {
      const messages = await readMessages(kafkaSettings(configuration.bus.kafka), topics.raw.name, wanted);
      // The other records of a message come along: what is read again changes nothing.
      await takeRaw(messages, runtime);
      const found = new Set(messages.map(placeOf));
      const again = onBus.filter(({ place }) => found.has(place));
      await books.markReplayed(again);
      await write(
        `${again.length} of ${onBus.length} records on the bus were normalized again\n`,
        undefined,
        door,
      );
    } else {
      await write("no rejects on the bus\n", undefined, door);
    }
    if (elsewhere > 0) {
      door.err.write(
        `${elsewhere} were rejected before the bus; their collectors read them again within the look-back, or: gnomon scan the files\n`,
      );
    }
  } finally {
    await runtime.close();
  }
}

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

  command
    .command("replay")
    .description("after a fix: normalize again what is still on the bus")
    .option("--source <id>", "only of this source")
    .addOption(configOption(door))
    .action(({ config, source }: { config: string; source?: string }) => replayRejects(config, source, door));
}
