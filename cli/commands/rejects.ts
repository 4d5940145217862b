import type { Command } from "commander";
import { lineLog } from "../../functions/log.ts";
import { openRuntime, readConfiguration } from "../../functions/runtime.ts";
import { stages } from "../../functions/stages.ts";
import type { IncomingMessage } from "../../shared/bus/bus.ts";
import { readMessages } from "../../shared/bus/kafka-bus.ts";
import { kafkaSettings } from "../../shared/bus/kafka-settings.ts";
import { placeOf, readRawMessage } from "../../shared/bus/messages.ts";
import { topics } from "../../shared/bus/topics.ts";
import type { Reject } from "../../shared/model/raw-record.ts";
import { normalize } from "../../shared/pipeline/normalize.ts";
import { sources } from "../../shared/registry.ts";
import { minute, plural } from "../../shared/report/figures.ts";
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

const sourceById = new Map(sources.map((source) => [source.id, source]));

const LISTED = 1_000;
/** Rejects of one round: the messages they stand in, some hundred records each, are held together. */
const AT_ONCE = 500;

/**
 * After a fix: normalizes again what is still on the raw topic. The other records of a message come along: what is read
 * again changes nothing. What is rejected again goes on waiting for the next fix.
 */
async function replayRejects(config: string, source: string | undefined, door: Door): Promise<void> {
  const configuration = await readConfiguration(config, door.environment);
  const runtime = openRuntime(configuration, lineLog(door.err, true, Date.now));
  const count = { onBus: 0, readNow: 0, rejectedAgain: 0, elsewhere: 0 };
  const gone: string[] = [];
  try {
    const { books } = await runtime.store();
    let page: readonly KeptReject[] = [];
    do {
      page = await books.rejects({ source, waiting: true, after: page.at(-1), limit: AT_ONCE });
      const onBus = page.filter(({ place }) => ON_THE_BUS.test(place));
      count.elsewhere += page.length - onBus.length;
      if (onBus.length === 0 || configuration.bus === "memory") continue;
      const places = new Set(onBus.map(({ place }) => place));
      const read = await readMessages(kafkaSettings(configuration.bus.kafka), topics.raw.name, places);
      const { messages } = read;
      gone.push(...read.gone);
      const { maxMessages, take } = stages.normalize;
      for (let from = 0; from < messages.length; from += maxMessages)
        await take(messages.slice(from, from + maxMessages), runtime);
      const found = new Set(messages.map(placeOf));
      const stillThere = onBus.filter(({ place }) => found.has(place));
      const unreadable = new Set(rejectsIn(messages).map(recordOf));
      const readNow = stillThere.filter((reject) => !unreadable.has(recordOf(reject)));
      await books.markReplayed(readNow);
      count.onBus += onBus.length;
      count.readNow += readNow.length;
      count.rejectedAgain += stillThere.length - readNow.length;
    } while (page.length === AT_ONCE);
  } finally {
    await runtime.close();
  }
  await write(replayed(count), undefined, door);
  if (gone.length > 0) door.err.write(`no longer on the bus: ${listed(gone)}\n`);
  if (count.elsewhere > 0) {
    door.err.write(
      `${plural(count.elsewhere, "reject")} elsewhere: a vendor's API is asked again only for what lies within its look-back; a queue's message, a push and a record of another topic come no more. What is still in a file or bucket: gnomon scan FILE --store WHERE\n`,
    );
  }
}

function replayed({
  onBus,
  readNow,
  rejectedAgain,
}: Readonly<Record<"onBus" | "readNow" | "rejectedAgain", number>>) {
  if (onBus === 0) return "no rejects on the bus\n";
  const gone = onBus - readNow - rejectedAgain;
  const others = [
    ...(rejectedAgain > 0 ? [`${rejectedAgain} are rejected again`] : []),
    ...(gone > 0 ? [`${gone} are no longer on the bus`] : []),
  ];
  return `${readNow} of ${plural(onBus, "rejected record")} could be read${others.map((text) => `, ${text}`).join("")}\n`;
}

const PLACES_NAMED = 10;

function listed(places: readonly string[]): string {
  const others = places.length - PLACES_NAMED;
  return [...places.slice(0, PLACES_NAMED), ...(others > 0 ? [`and ${others} others`] : [])].join(", ");
}

function rejectsIn(messages: readonly IncomingMessage[]): readonly Reject[] {
  const read = messages.map(readRawMessage);
  const { rejects } = normalize(
    read.flatMap(({ records }) => records),
    sourceById,
  );
  return [...read.flatMap((one) => one.rejects), ...rejects];
}

/** Whatever the reason: a wrong fix may well change it. */
const recordOf = ({ place, record }: Reject): string => `${place} ${record}`;

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
        const rows = await store.books.rejects({ source: options.source, limit: LISTED });
        if (rows.length === LISTED) door.err.write(`the newest ${LISTED}; --source shows those of one source\n`);
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
