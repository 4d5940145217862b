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

# What is approved. gnomon policy suggest writes a first one.
# policy: policy.yaml

# There are: ${collectors.map(({ id }) => id).join(", ")}
collectors: []
#  - collector: aws.cloudtrail-lookup
#    name: production
#    every: 5m
#    settings:
#      regions: [eu-central-1, us-east-1]

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
