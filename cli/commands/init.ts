import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { configurationJsonSchema } from "../../shared/config/config.ts";
import { PipelineError } from "../../shared/model/errors.ts";
import { policyJsonSchema } from "../../shared/policy/parse-policy.ts";
import { collectors, sinks } from "../../shared/registry.ts";
import { type Door, write } from "../door.ts";

export function init(program: Command, door: Door): void {
  program
    .command("init")
    .description("write a commented configuration, and schemas for editors")
    .argument("[file]", "where to write it", "gnomon.yaml")
    .action(async (file: string) => {
      const folder = dirname(file);
      await fresh(file, configuration());
      await writeFile(
        join(folder, "gnomon.schema.json"),
        `${JSON.stringify(configurationJsonSchema(), undefined, 2)}\n`,
      );
      await writeFile(join(folder, "policy.schema.json"), `${JSON.stringify(policyJsonSchema(), undefined, 2)}\n`);
      await write(
        `${file} written; uncomment what you have, then: gnomon doctor --config ${file}\n`,
        undefined,
        door,
      );
    });
}

async function fresh(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") {
      throw new PipelineError("config-invalid", `${file} exists already, and is not written over`);
    }
    throw error;
  }
}

const configuration = (): string => `# yaml-language-server: $schema=./gnomon.schema.json
# Secrets are references: $\{env:NAME}, $\{ssm:/path}, $\{secretsmanager:id}. Never values.

# A folder (embedded Postgres), or postgres://…
store: .gnomon/store

# memory: everything in one process, gnomon up. Or Kafka:
bus: memory
# bus:
#   kafka:
#     brokers: [broker-1.example:9096]
#     sasl: { mechanism: scram-sha-512, username: gnomon, password: "$\{env:KAFKA_PASSWORD}" }
#     # Half the time of gzip, where only Gnomon's own workers read the bus.
#     compression: zstd

# What is approved, and what may be spent. gnomon policy suggest writes a first one; in there, among others:
#   budgets:
#     - { name: research, team: research, amount: 4000, period: month }
#     - { name: all tokens of a week, measure: tokens, amount: 2e9, period: 7d }
#   events:
#     - { name: launch, since: 2026-12-01, until: 2026-12-03, apps: [web-shop], times: 3 }
# policy: policy.yaml

# What you pay, where that is not the list price. Patterns as in the policy; of two that fit, the later.
# prices:
#   - name: azure-eu-2026
#     providers: azure.ai.openai
#     models: openai/gpt-5*
#     rates: { inputPerMillion: 1.10, outputPerMillion: 8.80, usdPerUnit: 1.08 }
#   - name: discount-of-2026
#     since: 2026-01-01
#     until: 2026-12-31
#     accounts: "111122223333"
#     discount: 12%
#   - name: chat-ptu
#     deployments: chat-ptu
#     capacity: { perHour: 1.00, units: 15 }

# There are: ${collectors.map(({ id }) => id).join(", ")}
collectors: []
#  - collector: aws.cloudtrail-lookup
#    name: production
#    every: 5m
#    settings:
#      regions: [eu-central-1, us-east-1]
#  - collector: openai.costs # what is billed: docs/deploy.md
#    settings: { key: "$\{env:OPENAI_ADMIN_KEY}" }

# Where applications, gateways and clouds push: OTLP at /v1/traces and /v1/logs, anything else at /v1/events.
# receive:
#   port: 4318
#   secret: "$\{env:GNOMON_RECEIVE_SECRET}"

# There are: ${sinks.map(({ id }) => id).join(", ")}
sinks: []
#  - sink: slack
#    minimumLevel: medium
#    settings:
#      token: "$\{env:SLACK_TOKEN}"
#      channel: "#ai-findings"

retention:
  activityDays: 90
`;
