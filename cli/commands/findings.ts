import type { Command } from "commander";
import { seriesOf } from "../../shared/cost/watch-usage.ts";
import { PipelineError } from "../../shared/model/errors.ts";
import type { Finding, Rule } from "../../shared/model/finding.ts";
import type { FindingRow } from "../../shared/model/ledger.ts";
import { EpochMs } from "../../shared/model/units.ts";
import { detections } from "../../shared/registry.ts";
import { minute, plural, subjectParts } from "../../shared/report/figures.ts";
import { openLastingStore } from "../../shared/store/open-store.ts";
import type { Store } from "../../shared/store/store.ts";
import { choice } from "../choice.ts";
import { type Door, formatOption, outputFor, write } from "../door.ts";
import { printable } from "../render/printable.ts";
import { paint } from "../render/table.ts";
import {
  placeOfResults,
  type ResultOptions,
  resultOptions,
  type StoreOptions,
  storeOptions,
  withResults,
} from "../results.ts";

export function findings(program: Command, door: Door): void {
  const command = program.command("findings").description("what somebody should look at");

  const list = command
    .command("list")
    .description("all findings, the worst first")
    .argument("[path...]", "log files or folders; without any, what --store holds")
    .addOption(formatOption())
    .option("-o, --output <file>", "write there instead of stdout");
  resultOptions(list).action(
    async (paths: string[], options: ResultOptions & { format: string; output?: string }) => {
      await withResults(paths, options, door, async ({ input, placeOf }) => {
        await write(
          outputFor(options.format).findings(input, { screen: door.out, placeOf }),
          options.output,
          door,
        );
      });
    },
  );

  addVerbs(command, door);
  addFeedback(command, door);

  const show = command
    .command("show")
    .description("one finding: what happened, why it matters, what to do")
    .argument("<uid>", "the finding's uid, or its first characters")
    .argument("[path...]", "log files or folders; without any, what --store holds");
  resultOptions(show).action(async (uid: string, paths: string[], options: ResultOptions) => {
    await withResults(paths, options, door, async ({ input }) => {
      const found = input.findings.map(({ finding }) => finding).filter((finding) => finding.uid.startsWith(uid));
      const [finding] = found;
      if (!finding)
        throw new PipelineError("config-invalid", `no finding ${uid}; gnomon findings list shows them`);
      if (found.length > 1)
        throw new PipelineError("config-invalid", `${uid} begins ${found.length} findings; give more of it`);
      const rule = input.rules.find(({ id }) => id === finding.ruleId);
      await write(told(finding, rule, door), undefined, door);
    });
  });
}

/** Verbs that change a status. They need a store that lasts, and say who acted. */
const verbs = [
  ["ack", "acknowledged", "somebody has it in hand"],
  ["resolve", "resolved", "it is dealt with; something new reopens it"],
  ["suppress", "suppressed", "it is not to be told again"],
] as const;

function addVerbs(command: Command, door: Door): void {
  for (const [word, status, meaning] of verbs) {
    const verb = command
      .command(word)
      .description(meaning)
      .argument("<uid>", "the finding's uid, or its first characters")
      .option("--by <person>", "who decides", door.environment["USER"] ?? "somebody at the prompt")
      .option("--note <text>", "why");
    storeOptions(verb).action(async (uid: string, options: StoreOptions & { by: string; note?: string }) => {
      const store = await openLastingStore(await placeOfResults(options, door));
      try {
        const { finding } = await findingIn(store, uid);
        await store.books.changeStatus(finding.uid, {
          status,
          by: options.by,
          time: EpochMs.parse(Date.now()),
          ...(options.note === undefined ? {} : { note: options.note }),
        });
        await write(`${finding.uid.slice(0, 8)} is ${status}: ${finding.title}\n`, undefined, door);
      } finally {
        await store.close();
      }
    });
  }
}

const words = ["expected", "useful", "not-useful"] as const;

/** Of a finding of the watch over spend: it learns from what people say. */
function addFeedback(command: Command, door: Door): void {
  const feedback = command
    .command("feedback")
    .description(
      "tell the watch over spend whether a finding was expected, useful or not useful; it learns from that",
    )
    .argument("<uid>", "the finding's uid, or its first characters")
    .argument(
      "<word>",
      "expected: the new normal; not-useful: such things are not to be told for a month; useful: they are",
    )
    .option("--by <person>", "who says it", door.environment["USER"] ?? "somebody at the prompt")
    .option("--note <text>", "why");
  storeOptions(feedback).action(
    async (uid: string, said: string, options: StoreOptions & { by: string; note?: string }) => {
      const word = choice("findings feedback", said, words);
      const store = await openLastingStore(await placeOfResults(options, door));
      try {
        const { finding } = await findingIn(store, uid);
        const isWatched = detections.some(({ on, rule }) => on === "watch" && rule.id === finding.ruleId);
        const series = isWatched ? seriesOf(finding.subject) : undefined;
        if (!series) {
          throw new PipelineError(
            "config-invalid",
            `${uid} is a finding of ${finding.ruleName}; feedback is for abnormal spend of a principal, an app or a team`,
          );
        }
        await store.books.giveFeedback(finding.uid, {
          ...series,
          feedback: word === "not-useful" ? "not useful" : word,
          by: options.by,
          time: EpochMs.parse(Date.now()),
          ...(options.note === undefined ? {} : { note: options.note }),
        });
        await write(
          `${finding.uid.slice(0, 8)} was ${word.replace("-", " ")}: ${finding.title}\n`,
          undefined,
          door,
        );
      } finally {
        await store.close();
      }
    },
  );
}

/** Throws `config-invalid` where no finding, or more than one, begins like that. */
async function findingIn(store: Store, uid: string): Promise<FindingRow> {
  const found = (await store.findings()).filter(({ finding }) => finding.uid.startsWith(uid));
  const [row] = found;
  if (!row) throw new PipelineError("config-invalid", `no finding ${uid}; gnomon findings list shows them`);
  if (found.length > 1)
    throw new PipelineError("config-invalid", `${uid} begins ${found.length} findings; give more of it`);
  return row;
}

function told(finding: Finding, rule: Rule | undefined, door: Door): string {
  const lines = [
    `${paint(finding.level, door.out)}  ${finding.title}`,
    "",
    printable(finding.reason),
    "",
    ...subjectParts(finding.subject).map(({ part, value }) => field(part, value)),
    field("status", finding.status),
    field("owner", finding.owner ?? "nobody named by the policy"),
    ...(finding.clause ? [field("clause", finding.clause)] : []),
    field(
      "seen",
      `${minute(finding.firstSeenTime)} to ${minute(finding.lastSeenTime)} UTC, ${plural(finding.count, "request")}`,
    ),
    field("uid", finding.uid),
    ...(rule
      ? [
          "",
          field("why", rule.description),
          field("do", rule.remedy),
          field("or else", rule.falsepositives.join("; ")),
          field("misses", rule.misses),
        ]
      : []),
    "",
    "Evidence",
    ...finding.evidence.map(
      ({ time, operation, facts }) =>
        `  ${minute(time)}  ${printable(operation)}  ${Object.entries(facts)
          .map(([name, value]) => `${name} ${printable(value)}`)
          .join(", ")}`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

const field = (name: string, value: string): string => `${name.padEnd(10)}${printable(value)}`;
