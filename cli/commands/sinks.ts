import type { Command } from "commander";
import { plural } from "../../shared/report/figures.ts";
import type { LastingStore, Refusal } from "../../shared/store/books.ts";
import { openLastingStore } from "../../shared/store/open-store.ts";
import { type Door, formatOption, outputFor, outputs, write } from "../door.ts";
import type { Column } from "../render/columns.ts";
import { placeOfResults, type StoreOptions, storeOptions } from "../results.ts";

const columns: readonly Column<Refusal>[] = [
  { heading: "Sink", value: ({ sink }) => sink },
  { heading: "Finding", value: ({ findingUid }) => findingUid },
  { heading: "Reason", value: ({ reason }) => reason },
];

export function sinks(program: Command, door: Door): void {
  const command = program.command("sinks").description("findings that a sink does not take");

  const withStore = async (
    options: StoreOptions,
    work: (store: LastingStore) => Promise<string>,
  ): Promise<void> => {
    const store = await openLastingStore(await placeOfResults(options, door));
    try {
      await write(await work(store), undefined, door);
    } finally {
      await store.close();
    }
  };

  const refused = command
    .command("refused")
    .description("what each sink refused, and why")
    .addOption(formatOption(outputs.filter(({ list }) => list !== undefined)));
  storeOptions(refused).action((options: StoreOptions & { format: string }) =>
    withStore(options, async ({ books }) => {
      const listing = {
        schema: "gnomon.refusals/v1",
        columns,
        rows: await books.refusals(),
        whenEmpty: "None: sinks take every finding that they are told.",
      };
      const context = { screen: door.out, placeOf: () => ({ file: "." }) };
      return outputFor(options.format).list?.(listing, context) ?? "";
    }),
  );

  const retry = command
    .command("retry")
    .description("after a fix: hand to a sink once more what it refused")
    .argument("<name>", "its name in the configuration");
  storeOptions(retry).action((name: string, options: StoreOptions) =>
    withStore(options, async ({ books }) => {
      const count = await books.forgetRefusals(name);
      const others = count > 0 ? [] : [...new Set((await books.refusals()).map(({ sink }) => sink))];
      // No mistake for certain: the store does not know which sinks there are.
      if (others.length > 0) door.err.write(`those who refused something: ${others.join(", ")}\n`);
      return `${plural(count, "finding")} that ${name} refused will be told again\n`;
    }),
  );
}
