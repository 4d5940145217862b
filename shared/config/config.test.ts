import { describe, expect, it } from "vitest";
import { formatProblem } from "../policy/yaml-document.ts";
import { parseConfiguration } from "./config.ts";

const problemsOf = (text: string): string[] => {
  const read = parseConfiguration(text, "gnomon.yaml");
  return "problems" in read ? read.problems.map((problem) => formatProblem(problem)) : [];
};

describe("activities that are kept for fewer days than a collector reads back", () => {
  const costs = (settings: string) =>
    `  - collector: aws.cost-explorer\n    name: c${settings.length}\n${settings}`;

  it("are a mistake at the number of days, with the number that the farthest collector asks for", () => {
    const text = `retention:
  activityDays: 14
collectors:
${costs("    settings: { history: 7d }\n")}${costs("    settings: { history: 7d, lookBack: 20d }\n")}`;
    expect(problemsOf(text)).toEqual([
      'gnomon.yaml:2:17 retention.activityDays: collectors[0].settings.lookBack reads 40 days back; what is older than activities are kept is left out; did you mean "40"?',
    ]);
    expect(problemsOf(text.replace("14", "40"))).toEqual([]);
  });

  it("are a mistake at every setting that reaches too far where the number of days is the usual one", () => {
    const text = `collectors:
${costs("    settings:\n      history: 91d\n      lookBack: 2161h\n")}${costs("    settings: {}\n")}`;
    expect(problemsOf(text)).toEqual([
      'gnomon.yaml:5:16 collectors[0].settings.history: reads 91 days back, and retention.activityDays is 90: what is older is left out; did you mean "90d"?',
      'gnomon.yaml:6:17 collectors[0].settings.lookBack: reads 91 days back, and retention.activityDays is 90: what is older is left out; did you mean "90d"?',
    ]);
  });
});

describe("a word that names nothing", () => {
  it("is a mistake at its place, with what there is and what was meant", () => {
    expect(problemsOf("sinks:\n  - sink: webhok\n    settings: {}\n")).toEqual([
      'gnomon.yaml:2:11 sinks[0].sink: expected one of ai.findings, ocsf.files, slack, webhook; did you mean "webhook"?',
    ]);
    expect(problemsOf("collectors:\n  - collector: openai.usge\n")).toEqual([
      expect.stringMatching(
        /^gnomon\.yaml:2:16 collectors\[0\]\.collector: expected one of anthropic\..*; did you mean "openai\.usage"\?$/,
      ),
    ]);
  });

  it("is told both ways of writing where it is one word or a mapping", () => {
    expect(problemsOf("bus: kafka\n")).toEqual(["gnomon.yaml:1:6 bus: expected memory or a mapping, got text"]);
    expect(problemsOf("bus: memroy\n")).toEqual([
      'gnomon.yaml:1:6 bus: expected memory or a mapping, got text; did you mean "memory"?',
    ]);
    const sasl = "bus:\n  kafka: { brokers: [a:1], sasl: { mechanism: scram-sha-265, username: u } }\n";
    expect(problemsOf(sasl)).toEqual([
      expect.stringMatching(
        /^gnomon\.yaml:2:47 bus\.kafka\.sasl\.mechanism: expected one of plain, .*; did you mean "scram-sha-256"\?$/,
      ),
    ]);
    expect(problemsOf("bus:\n  kafka: { broker: [a:1] }\n")).toContainEqual(
      'gnomon.yaml:2:12 bus.kafka.broker: unknown field; did you mean "brokers"?',
    );
  });
});
