/** What detections on reconciled bills share: whom a line is about, and in what words. */
import type { ReconciledLine } from "../cost/reconcile.ts";
import type { Evidence, Subject } from "../model/finding.ts";
import { uidOf } from "../model/uid.ts";
import { DAY_MS } from "../model/units.ts";
import { counted, dayIn, dollars, figure, monthIn } from "./wording.ts";

/** Lines that are one matter: an account and door, within a month. By start. */
export function bySubjectAndMonth(lines: readonly ReconciledLine[]): readonly (readonly ReconciledLine[])[] {
  const key = ({ account, provider, start }: ReconciledLine) =>
    JSON.stringify([account, provider, monthIn(start)]);
  return [...Map.groupBy(lines, key).values()];
}

export const subjectOfLine = ({ account, provider, source }: ReconciledLine): Subject =>
  account === "" && provider === ""
    ? { resource: source }
    : { ...(account === "" ? {} : { account }), ...(provider === "" ? {} : { provider }) };

/** `aws.bedrock in account 111122223333` */
export const whereOf = ({ account, provider }: ReconciledLine): string =>
  `${provider === "" ? "a door the bill does not name" : provider}${account === "" ? "" : ` in account ${account}`}`;

/** `on 3 Nov 2026`, `on 3 days from 3 Nov 2026 to 9 Nov 2026`, `in October 2026`. */
export function periodOf(lines: readonly ReconciledLine[]): string {
  const [first] = lines;
  const last = lines.at(-1);
  if (!first || !last) return "";
  if (first.end - first.start > DAY_MS) return `in ${monthIn(first.start)}`;
  if (first === last) return `on ${dayIn(first.start)}`;
  return `on ${counted(lines.length, "day")} from ${dayIn(first.start)} to ${dayIn(last.start)}`;
}

export function evidenceOfLine(line: ReconciledLine): Evidence {
  const models = line.models.filter(({ model, billedNanoUsd }) => model !== "" && billedNanoUsd > 0);
  return {
    uid: uidOf("reconciled", line.account, line.provider, line.start),
    time: line.start,
    operation: "billed",
    facts: {
      period: periodOf([line]).replace(/^(?:on|in) /, ""),
      ...(line.account === "" ? {} : { account: line.account }),
      ...(line.provider === "" ? {} : { door: line.provider }),
      ...(models.length === 0 ? {} : { models: models.map(({ model }) => model).join(", ") }),
      billed: dollars(line.billedNanoUsd),
      ...(line.capacityNanoUsd === 0 ? {} : { capacity: dollars(line.capacityNanoUsd) }),
      estimated: dollars(line.estimatedNanoUsd),
      calls: figure(line.calls),
      bill: line.source,
    },
  };
}
