import type { Command } from "commander";
import { lineLog } from "../../functions/log.ts";
import { openRuntime, type Runtime, readConfiguration } from "../../functions/runtime.ts";
import { type StageName, stages, takeApart, type Untaken } from "../../functions/stages.ts";
import type { IncomingMessage } from "../../shared/bus/bus.ts";
import { readMessages } from "../../shared/bus/kafka-bus.ts";
import { kafkaSettings } from "../../shared/bus/kafka-settings.ts";
import { placeOf, readActivityMessage, readRawMessage } from "../../shared/bus/messages.ts";
import { type TopicName, topics } from "../../shared/bus/topics.ts";
import type { Reject } from "../../shared/model/raw-record.ts";
import { normalize } from "../../shared/pipeline/normalize.ts";
import { sources } from "../../shared/registry.ts";
import { plural } from "../../shared/report/figures.ts";
import type { Books, KeptReject } from "../../shared/store/books.ts";
import { openLastingStore } from "../../shared/store/open-store.ts";
import { choice } from "../choice.ts";
import { configOption, type Door, formatOption, outputFor, outputs, write } from "../door.ts";
import { type Column, time } from "../render/columns.ts";
import { placeOfResults, type StoreOptions, storeOptions } from "../results.ts";

const columns: readonly Column<KeptReject>[] = [
  time("Seen", ({ seenTime }) => seenTime),
  { heading: "Source", value: ({ source }) => source },
  { heading: "Reason", value: ({ reason }) => reason },
  { heading: "Place", value: ({ place }) => place },
  { heading: "Record", value: ({ record }) => record, numeric: true },
  { heading: "Replayed", value: ({ replayed }) => (replayed ? "yes" : "no") },
];

/** A stage that rejects, and what it would reject of messages that it can take. */
interface Replay {
  readonly stage: StageName;
  readonly rejectsIn: (messages: readonly IncomingMessage[]) => readonly Reject[];
}

const sourceById = new Map(sources.map((source) => [source.id, source]));

const replays: ReadonlyMap<TopicName, Replay> = new Map<TopicName, Replay>([
  [
    topics.raw.name,
    {
      stage: "normalize",
      rejectsIn: (messages) =>
        messages.flatMap((message) => {
          const { records, rejects } = readRawMessage(message);
          return [...rejects, ...normalize(records, sourceById).rejects];
        }),
    },
  ],
  [
    topics.activity.name,
    {
      stage: "detect",
      rejectsIn: (messages) =>
        messages.map(readActivityMessage).flatMap((read) => ("reject" in read ? [read.reject] : [])),
    },
  ],
]);

/** `ai.activity.raw/3/1207`, as a stage writes the place of what it could not take. */
const standsOn = (topic: TopicName, { place }: Reject): boolean =>
  place.startsWith(`${topic}/`) && /^\d+\/\d+$/.test(place.slice(topic.length + 1));

/** One that there is, or that rejects name: of another version, or of somebody else who writes to the topic. */
async function sourceMeant(given: string | undefined, books: Books): Promise<string | undefined> {
  if (given === undefined || sourceById.has(given)) return given;
  const [named] = await books.rejects({ source: given, limit: 1 });
  return named ? given : choice("--source", given, [...sourceById.keys()]);
}

const LISTED = 1_000;
/** Rejects of one round: the messages they stand in, some fifty records each, are held together. */
const AT_ONCE = 500;

/**
 * After a fix: takes again what is still on the bus, as the stage does that rejected it. The other records of a message
 * come along: what is taken again changes nothing. What is rejected again goes on waiting for the next fix.
 */
async function replayRejects(config: string, given: string | undefined, door: Door): Promise<void> {
  const configuration = await readConfiguration(config, door.environment);
  const runtime = openRuntime(configuration, lineLog(door.err, true, Date.now));
  const count = { onBus: 0, readNow: 0, rejectedAgain: 0, elsewhere: 0 };
  const gone: string[] = [];
  const untaken: Untaken[] = [];
  try {
    const { books } = await runtime.store();
    const source = await sourceMeant(given, books);
    let page: readonly KeptReject[] = [];
    do {
      page = await books.rejects({ source, waiting: true, after: page.at(-1), limit: AT_ONCE });
      count.elsewhere += page.filter((one) => ![...replays.keys()].some((topic) => standsOn(topic, one))).length;
      if (configuration.bus === "memory") continue;
      for (const [topic, replay] of replays) {
        const ofTopic = page.filter((reject) => standsOn(topic, reject));
        if (ofTopic.length === 0) continue;
        const places = new Set(ofTopic.map(({ place }) => place));
        const read = await readMessages(kafkaSettings(configuration.bus.kafka), topic, places);
        const taken = await takeAgain(replay, read.messages, runtime);
        const stillThere = ofTopic.filter(({ place }) => !read.gone.includes(place));
        const readNow = stillThere.filter(({ place, record }) => !taken.isRejected({ place, record }));
        await books.markReplayed(readNow);
        gone.push(...read.gone);
        untaken.push(...taken.untaken);
        count.onBus += ofTopic.length;
        count.readNow += readNow.length;
        count.rejectedAgain += stillThere.length - readNow.length;
      }
    } while (page.length === AT_ONCE);
  } finally {
    await runtime.close();
  }
  await write(replayed(count), undefined, door);
  for (const { place, reason } of untaken) door.err.write(`${place}: ${reason}\n`);
  if (gone.length > 0) door.err.write(`no longer on the bus: ${listed(gone)}\n`);
  if (count.elsewhere > 0) {
    door.err.write(
      `${plural(count.elsewhere, "reject")} elsewhere: a vendor's API is asked again only for what lies within its look-back; a queue's message, a push and a record of another topic come no more. What is still in a file or bucket: gnomon scan FILE --store WHERE\n`,
    );
  }
}

async function takeAgain({ stage, rejectsIn }: Replay, messages: readonly IncomingMessage[], runtime: Runtime) {
  const { maxMessages } = stages[stage];
  const untaken: Untaken[] = [];
  for (let from = 0; from < messages.length; from += maxMessages)
    untaken.push(...(await takeApart(stage, messages.slice(from, from + maxMessages), runtime)));
  const untakenAt = new Set(untaken.map(({ place }) => place));
  const rejects = rejectsIn(messages.filter((message) => !untakenAt.has(placeOf(message))));
  const records = new Set(rejects.map(recordOf));
  return {
    untaken,
    isRejected: (record: Where): boolean => untakenAt.has(record.place) || records.has(recordOf(record)),
  };
}

type Where = Pick<Reject, "place"> & { readonly record?: Reject["record"] | undefined };

/** Whatever the reason: a wrong fix may well change it. */
const recordOf = ({ place, record }: Where): string => `${place} ${record}`;

function replayed({
  onBus,
  readNow,
  rejectedAgain,
}: Readonly<Record<"onBus" | "readNow" | "rejectedAgain", number>>) {
  if (onBus === 0) return "no rejects on the bus\n";
  const gone = onBus - readNow - rejectedAgain;
  const others = [
    ...(rejectedAgain > 0 ? [`${rejectedAgain} ${rejectedAgain === 1 ? "is" : "are"} rejected again`] : []),
    ...(gone > 0 ? [`${gone} ${gone === 1 ? "is" : "are"} no longer on the bus`] : []),
  ];
  return `${readNow} of ${plural(onBus, "rejected record")} could be read${others.map((text) => `, ${text}`).join("")}\n`;
}

const PLACES_NAMED = 10;

function listed(places: readonly string[]): string {
  const others = places.length - PLACES_NAMED;
  return [...places.slice(0, PLACES_NAMED), ...(others > 0 ? [`and ${others} others`] : [])].join(", ");
}

export function rejects(program: Command, door: Door): void {
  const command = program
    .command("rejects")
    .description("records that could not be read: reasons and places, never the records");
  const list = command
    .command("list")
    .description("the newest first")
    .option("--source <id>", "only of this source")
    .addOption(formatOption(outputs.filter((output) => output.list !== undefined)));
  storeOptions(list).action(async (options: StoreOptions & { source?: string; format: string }) => {
    const store = await openLastingStore(await placeOfResults(options, door));
    try {
      const source = await sourceMeant(options.source, store.books);
      const rows = await store.books.rejects({ source, limit: LISTED });
      if (rows.length === LISTED) door.err.write(`the newest ${LISTED}; --source shows those of one source\n`);
      const listing = {
        schema: "gnomon.rejects/v1",
        columns,
        rows,
        whenEmpty:
          source === undefined
            ? "No rejects: everything that was collected could be read."
            : `No rejects of ${source}.`,
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
    .description("after a fix: take again what is still on the bus")
    .option("--source <id>", "only of this source")
    .addOption(configOption(door))
    .action(({ config, source }: { config: string; source?: string }) => replayRejects(config, source, door));
}
