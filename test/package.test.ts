/** What `npm run package` makes, without credentials and without a network: the template and the zips, for both kinds of bus. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { worker } from "../cli/commands/worker.ts";
import type { Door } from "../cli/door.ts";
import { stages } from "../functions/stages.ts";
import { type Bundle, checkForLambda, copyConfiguration, functionNames } from "../infra/bundle.ts";
import { estimate, estimateText, prices } from "../infra/estimate.ts";
import type { OutgoingMessage } from "../shared/bus/bus.ts";
import { activityMessage, rawMessages } from "../shared/bus/messages.ts";
import { topicSettings, topics } from "../shared/bus/topics.ts";
import { parseConfiguration } from "../shared/config/config.ts";
import type { Activity } from "../shared/model/activity.ts";
import { sources } from "../shared/registry.ts";
import {
  brokenReferences,
  circles,
  deadLetterQueuesIn,
  exportsOf,
  identityStatements,
  importsIn,
  lostKeys,
  ofType,
  readTemplate,
  roleNamesIn,
  type Template,
  tooMuchAllowed,
  unknownProperties,
} from "./cloudformation.ts";
import { copyMadeBundles } from "./made-bundles.ts";

const run = promisify(execFile);
const project = fileURLToPath(new URL("..", import.meta.url));
const inProject = (path: string): string => join(project, path);
const text = (path: string): string => readFileSync(inProject(path), "utf8");

/** A folder for each, as the project's own would be: what somebody is about to deploy from there is left alone. */
let folder: string;
let msk: Template;
let kafka: Template;
let bundles: readonly Bundle[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gnomon-package-"));
  for (const bus of ["msk", "kafka"]) {
    const service = join(folder, bus);
    await mkdir(service);
    await cp(inProject("serverless.yml"), join(service, "serverless.yml"));
    await cp(inProject("infra/serverless"), join(service, "infra/serverless"), { recursive: true });
    await copyConfiguration(inProject("infra/gnomon.example.yaml"), join(service, "dist/config"));
  }
  // The functions are the same with every bus, and zipped once.
  bundles = await copyMadeBundles(join(folder, "msk/dist/functions"));
  [msk, kafka] = await Promise.all([
    packaged("msk", []),
    packaged("kafka", [
      "bus=kafka",
      "kafkaBroker=broker.example:9096",
      "kafkaSecret=arn:aws:secretsmanager:eu-central-1:111122223333:secret:gnomon/kafka-AbCdEf",
      "eventBridge=off",
      "findingsBucket=acme-findings/gnomon",
    ]),
  ]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function packaged(bus: string, parameters: readonly string[]): Promise<Template> {
  const service = join(folder, bus);
  const words = parameters.flatMap((parameter) => ["--param", parameter]);
  await run(process.execPath, [inProject("node_modules/osls/bin/serverless.js"), "package", ...words], {
    cwd: service,
    // No credentials, nor where to find any; and whoever asks the network anyway gets no answer.
    env: {
      PATH: process.env["PATH"],
      HOME: service,
      HTTPS_PROXY: "http://127.0.0.1:9",
      AWS_EC2_METADATA_DISABLED: "true",
    },
  });
  const file = join(service, ".serverless/cloudformation-template-update-stack.json");
  return JSON.parse(await readFile(file, "utf8"));
}

const functionsOf = (template: Template) => ofType(template, "AWS::Lambda::Function");
const mappingsOf = (template: Template) => ofType(template, "AWS::Lambda::EventSourceMapping");
const kafkaMappingsOf = (template: Template) => mappingsOf(template).filter(({ Topics }) => Topics !== undefined);

/** A message of Kafka's in an event of Lambda's. */
const lambdaBytes = ({ key, value, headers = {} }: OutgoingMessage): number =>
  JSON.stringify({
    topic: topics.activity.name,
    partition: 11,
    offset: 1_000_000_000,
    timestamp: 1_790_000_000_000,
    timestampType: "CREATE_TIME",
    key: Buffer.from(key ?? "").toString("base64"),
    value: Buffer.from(value).toString("base64"),
    headers: Object.entries(headers).map(([name, text]) => ({ [name]: [...Buffer.from(text)] })),
  }).length;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const cloudTrailRuleOf = (template: Template) =>
  ofType(template, "AWS::Events::Rule").find(({ EventPattern }) => EventPattern);

const awsTemplates = readdirSync(inProject("infra/aws")).map(
  (file) => [file, readTemplate(inProject(`infra/aws/${file}`))] as const,
);

describe.each([
  ["with MSK", () => msk],
  ["with another Kafka", () => kafka],
])("the packaged template %s", (_name, template) => {
  it("knows every property it uses, and refers to nothing that is not there", () => {
    expect(unknownProperties(template())).toEqual([]);
    expect(brokenReferences(template())).toEqual([]);
    expect(circles(template())).toEqual([]);
  });

  it("imports only what the stacks of infra/aws export", () => {
    const exported = awsTemplates.flatMap(([, one]) => exportsOf(one));
    expect(importsIn(template()).filter((name) => !exported.includes(name))).toEqual([]);
  });

  it("keeps the key of whatever it keeps", () => {
    expect(lostKeys(template())).toEqual([]);
  });

  it("allows no role anything on everything, where AWS offers something narrower", () => {
    expect(tooMuchAllowed(template())).toEqual([]);
  });

  it("gives each function a role of its own, its own log group with an end, Node 24 on arm64", () => {
    const functions = functionsOf(template());
    expect(new Set(functions.map(({ Role }) => JSON.stringify(Role))).size).toBe(functions.length);
    for (const { FunctionName, Runtime, Architectures, VpcConfig, Environment } of functions) {
      expect({ Runtime, Architectures }).toEqual({ Runtime: "nodejs24.x", Architectures: ["arm64"] });
      expect(VpcConfig).toBeDefined();
      expect(Environment.Variables["GNOMON_CONFIG"]).toMatch(/config\/gnomon\.yaml$/);
      const group = ofType(template(), "AWS::Logs::LogGroup").find(
        ({ LogGroupName }) => LogGroupName === `/aws/lambda/${FunctionName}`,
      );
      expect(group?.RetentionInDays).toBe(30);
    }
  });

  it("wires every handler there is, and no other", async () => {
    const wired = functionsOf(template()).map(
      ({ Handler }) => /functions\/([^/]+)\/index\.handler$/.exec(Handler)?.[1],
    );
    expect(wired.sort()).toEqual([...(await functionNames())].sort());
  });

  it("tells an operator when a function fails", () => {
    const alarms = ofType(template(), "AWS::CloudWatch::Alarm").filter(
      ({ Namespace, MetricName }) => Namespace === "AWS/Lambda" && MetricName === "Errors",
    );
    expect(alarms.map(({ Dimensions }) => Dimensions?.[0].Value).sort()).toEqual(
      functionsOf(template())
        .map(({ FunctionName }) => FunctionName)
        .sort(),
    );
    // No schedule calls more rarely.
    for (const alarm of alarms) expect(alarm).toMatchObject({ Period: 300 });
    for (const { ScheduleExpression } of ofType(template(), "AWS::Events::Rule"))
      expect(ScheduleExpression ?? "rate(1 minute)").toMatch(/^rate\([1-5] minutes?\)$/);
  });

  it.each([
    ["AWS/Lambda", "OffsetLag", "gnomon-normalize"],
    ["AWS/Lambda", "OffsetLag", "gnomon-detect"],
    ["Gnomon", "Records", "normalize"],
    ["Gnomon", "Rejects", "detect"],
    ["Gnomon", "Failures", "deliver"],
    ["Gnomon", "Refused", "deliver"],
    ["Gnomon", "CollectorErrors", undefined],
    ["AWS/SQS", "ApproximateAgeOfOldestMessage", "gnomon-trail"],
    ["AWS/RDS", "ACUUtilization", { "Fn::ImportValue": "gnomon-StoreCluster" }],
    ["AWS/ApiGateway", "5xx", { Ref: "HttpApi" }],
  ])("watches %s %s", (namespace, metric, of) => {
    const alarm = ofType(template(), "AWS::CloudWatch::Alarm").find(
      ({ Namespace, MetricName, Dimensions }) =>
        Namespace === namespace &&
        MetricName === metric &&
        JSON.stringify(Dimensions?.[0]?.Value) === JSON.stringify(of),
    );
    expect(alarm).toMatchObject({ AlarmActions: [{ Ref: "Alarms" }], OKActions: [{ Ref: "Alarms" }] });
  });

  it("watches every queue of dead letters, its own and those of the stacks around it", () => {
    const watched = ofType(template(), "AWS::CloudWatch::Alarm").flatMap(
      ({ Namespace, MetricName, Dimensions, AlarmActions }) =>
        Namespace === "AWS/SQS" && MetricName === "ApproximateNumberOfMessagesVisible" && AlarmActions.length > 0
          ? [JSON.stringify(Dimensions?.[0]?.Value)]
          : [],
    );
    const queues = [
      ...deadLetterQueuesIn(template()).map(({ id }) => ({ "Fn::GetAtt": [id, "QueueName"] })),
      ...awsTemplates.flatMap(([, one]) => deadLetterQueuesIn(one).map(({ name }) => name)),
    ];
    expect(watched.sort()).toEqual(queues.map((queue) => JSON.stringify(queue)).sort());
  });

  it("calls silence a reason to look", () => {
    const [silence] = ofType(template(), "AWS::CloudWatch::Alarm").filter(
      ({ MetricName }) => MetricName === "Records",
    );
    expect(silence).toMatchObject({
      TreatMissingData: "breaching",
      ComparisonOperator: "LessThanThreshold",
      EvaluationPeriods: 6,
      Period: 3_600,
    });
  });

  it("keeps what a function could not handle, whoever sent it", () => {
    const kept = new Map(
      ofType(template(), "AWS::Lambda::EventInvokeConfig").map(({ FunctionName, DestinationConfig }) => [
        FunctionName.Ref,
        DestinationConfig.OnFailure.Destination,
      ]),
    );
    // What schedules, rules and subscriptions call is called asynchronously.
    const called = [
      ...ofType(template(), "AWS::Events::Rule").flatMap(({ Targets }) => Targets.map(({ Arn }) => Arn)),
      ...ofType(template(), "AWS::Logs::SubscriptionFilter").map(({ DestinationArn }) => DestinationArn),
    ].map((arn) => arn["Fn::GetAtt"][0]);
    expect([...new Set(called)].sort()).toEqual([...kept.keys()].sort());
    expect(new Set([...kept.values()].map((destination) => JSON.stringify(destination)))).toEqual(
      new Set(['{"Fn::GetAtt":["DeadLetters","Arn"]}']),
    );
    for (const { DestinationConfig } of kafkaMappingsOf(template())) {
      expect(DestinationConfig).toEqual({
        OnFailure: { Destination: { "Fn::GetAtt": ["FailedBatches", "Arn"] } },
      });
    }
    expect(template().Resources["FailedBatches"]?.Properties?.["NotificationConfiguration"]).toEqual({
      QueueConfigurations: [{ Event: "s3:ObjectCreated:*", Queue: { "Fn::GetAtt": ["DeadLetters", "Arn"] } }],
    });
  });

  it("reads each topic once, as the group that workers read it as", () => {
    const read = kafkaMappingsOf(template()).map((mapping) => {
      const config = mapping.AmazonManagedKafkaEventSourceConfig ?? mapping.SelfManagedKafkaEventSourceConfig;
      return [config?.ConsumerGroupId, mapping.Topics?.[0]];
    });
    expect(Object.fromEntries(read)).toEqual(
      Object.fromEntries(Object.entries(stages).map(([name, { topic }]) => [`gnomon-${name}`, topic])),
    );
  });

  it("bounds retries, splits failing batches, and shares its pollers, which osls cannot say", () => {
    for (const mapping of kafkaMappingsOf(template())) {
      const { MaximumRetryAttempts, BisectBatchOnFunctionError, ProvisionedPollerConfig, MetricsConfig } = mapping;
      expect(MaximumRetryAttempts).toBeGreaterThan(0);
      expect(MaximumRetryAttempts).toBeLessThanOrEqual(10_000);
      expect(BisectBatchOnFunctionError).toBe(true);
      expect(MetricsConfig?.Metrics).toContain("KafkaMetrics");
      const topic = Object.values(topics).find(({ name }) => name === mapping.Topics?.[0]);
      expect(ProvisionedPollerConfig).toEqual({
        MinimumPollers: 1,
        // More than partitions would idle.
        MaximumPollers: topic?.partitions,
        PollerGroupName: "gnomon",
      });
    }
  });

  it("asks for batches that Lambda can hand over: it takes 6 MB, in base64", () => {
    const LAMBDA_BYTES = 6 * 1024 * 1024;
    const batchOf = (topic: string) =>
      kafkaMappingsOf(template()).find(({ Topics }) => Topics?.[0] === topic)?.BatchSize ?? 0;
    const activities = ["aws-cloudtrail", "aws-bedrock-invocation"].flatMap((source): Activity[] =>
      JSON.parse(text(`shared/sources/${source}.golden.json`)),
    );
    const bytes = mean(activities.map((activity) => lambdaBytes(activityMessage(activity))));
    expect(bytes * batchOf(topics.activity.name)).toBeLessThan(LAMBDA_BYTES);
    // Not many fewer than would fit: each invocation has its price.
    expect(bytes * batchOf(topics.activity.name)).toBeGreaterThan(LAMBDA_BYTES / 2);

    const record = { source: "aws.cloudtrail", record: { padding: "x".repeat(1_000) } };
    const [alone, full] = [1, 50].map(
      (records) => rawMessages(Array(records).fill(record), "made up").messages[0],
    );
    if (!alone || !full) expect.fail("no message");
    expect(lambdaBytes(alone) * batchOf(topics.raw.name)).toBeLessThan(LAMBDA_BYTES);
    expect(batchOf(topics.raw.name)).toBeGreaterThan(LAMBDA_BYTES / lambdaBytes(full));
  });

  it("answers the trail's queue message by message", () => {
    const [mapping] = mappingsOf(template()).filter(({ Topics }) => Topics === undefined);
    expect(mapping).toMatchObject({
      EventSourceArn: { "Fn::ImportValue": "gnomon-TrailQueue" },
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
  });

  it("tries again what EventBridge could not hand over, and keeps it in the end", () => {
    expect(cloudTrailRuleOf(template())?.Targets[0]).toMatchObject({
      DeadLetterConfig: { Arn: { "Fn::GetAtt": ["DeadLetters", "Arn"] } },
      RetryPolicy: { MaximumRetryAttempts: 20 },
    });
  });

  it("never runs twice what must run once at a time", () => {
    const once = functionsOf(template())
      .filter(({ ReservedConcurrentExecutions }) => ReservedConcurrentExecutions === 1)
      .map(({ FunctionName }) => FunctionName);
    expect(once.sort()).toEqual([
      "gnomon-collect",
      "gnomon-deliver",
      "gnomon-housekeeping",
      "gnomon-migrate",
      "gnomon-review",
    ]);
  });

  it("holds no secret: only where they are kept", () => {
    const json = JSON.stringify(template());
    expect(json).not.toMatch(/AKIA|ASIA|sk-[a-z]|xox[bp]-|BEGIN [A-Z ]*PRIVATE KEY|postgres:\/\//);
    for (const { Environment } of functionsOf(template())) {
      const secretive = Object.keys(Environment.Variables).filter((name) =>
        /SECRET|PASSWORD|KEY|TOKEN(?!_FILE)/.test(name),
      );
      expect(secretive).toEqual([]);
    }
  });
});

describe("the rule of EventBridge", () => {
  it("sees the read-only events of CloudTrail, which InvokeModel is one of", () => {
    expect(cloudTrailRuleOf(msk)?.State).toBe("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
  });

  it("can be turned off where a function for each call is dear", () => {
    expect(cloudTrailRuleOf(kafka)?.State).toBe("DISABLED");
  });
});

describe("the bucket for findings", () => {
  const writers = (template: Template) => identityStatements(template).filter(({ id }) => id === "WritesFindings");

  it("may be written to by deliver, where its name is given, and not read", () => {
    expect(writers(kafka)).toMatchObject([
      { Action: ["s3:PutObject"], Resource: [expect.stringContaining(":s3:::acme-findings/gnomon/*")] },
    ]);
    expect(kafka.Resources["WritesFindings"]?.Properties?.["Roles"]).toEqual([{ Ref: "DeliverRole" }]);
  });

  it("is none where no name is given", () => {
    expect(msk.Resources["WritesFindings"]?.Condition).toBe("HasFindingsBucket");
    expect([msk, kafka].map(({ Conditions }) => Conditions?.["HasFindingsBucket"])).toEqual([
      { "Fn::Not": [{ "Fn::Equals": ["", ""] }] },
      { "Fn::Not": [{ "Fn::Equals": ["acme-findings/gnomon", ""] }] },
    ]);
  });
});

describe("the two kinds of bus", () => {
  it("let functions write and read the topics they handle, and no other", () => {
    const onTopics = identityStatements(msk).filter(({ Action }) =>
      Action.some((action) => /kafka-cluster:(Read|Write)Data$/.test(action)),
    );
    expect(
      onTopics.map(({ id, Action, Resource }) => [
        id,
        Action.at(-1),
        Resource.map((resource) => /\}\/([^"]+)"/.exec(resource)?.[1]),
      ]),
    ).toEqual([
      ["WritesRaw", "kafka-cluster:WriteData", [topics.raw.name, topics.rejected.name]],
      ["NormalizeWritesBus", "kafka-cluster:WriteData", [topics.activity.name, topics.rejected.name]],
      ["DeliverWritesBus", "kafka-cluster:WriteData", [topics.findings.name]],
      ["NormalizeReadsBus", "kafka-cluster:ReadData", [topics.raw.name]],
      ["DetectReadsBus", "kafka-cluster:ReadData", [topics.activity.name, topics.rejected.name]],
    ]);
    expect(
      identityStatements(kafka)
        .flatMap(({ Action }) => Action)
        .filter((action) => action.startsWith("kafka")),
    ).toEqual([]);
  });
});

describe("what is zipped", () => {
  const filesIn = (zip: Buffer): readonly string[] => {
    const names: string[] = [];
    const CENTRAL_HEADER = Buffer.from("PK\x01\x02", "latin1");
    for (let at = zip.indexOf(CENTRAL_HEADER); at >= 0; at = zip.indexOf(CENTRAL_HEADER, at + 4)) {
      const start = at + 46;
      names.push(zip.toString("utf8", start, start + zip.readUInt16LE(at + 28)));
    }
    return names;
  };

  it("is the function, its configuration, and nothing of another function or of a developer", () => {
    for (const { FunctionName, Handler, Code } of functionsOf(msk)) {
      const own = Handler.replace(/index\.handler$/, "");
      const names = filesIn(readFileSync(join(folder, "msk/.serverless", Code.S3Key.split("/").at(-1) ?? "")));
      expect(names, FunctionName).toContain(`${own}index.mjs`);
      expect(names, FunctionName).toContain("dist/config/gnomon.yaml");
      expect(names.filter((name) => !name.startsWith(own) && !name.startsWith("dist/config/"))).toEqual([]);
      expect(names.filter((name) => name.endsWith(".map"))).toEqual([]);
    }
  });

  it("loads less than a megabyte with each handler, the AWS SDK aside", () => {
    for (const { name, files } of bundles) {
      const bytes = files.filter(({ eager }) => eager).reduce((sum, file) => sum + file.bytes, 0);
      expect(bytes, name).toBeLessThan(1_000_000);
    }
  });

  it("has the vendors' SDKs in the one function that collects, in files of their own", () => {
    // @azure/identity is for the bus as well, which may be Event Hubs.
    const vendors = /^(@azure\/(storage|monitor)|@google-cloud|google-|oci-)/;
    for (const { name, files } of bundles) {
      const carried = files.filter(({ packages }) => packages.some((one) => vendors.test(one)));
      expect(
        carried.some(({ eager }) => eager),
        name,
      ).toBe(false);
      expect(carried.length > 0, name).toBe(name === "collect");
    }
  });

  it("has the migrations where the code looks for them", () => {
    const migrations = readdirSync(inProject("shared/store/migrations"));
    expect(readdirSync(join(folder, "msk/dist/functions/migrate/migrations"))).toEqual(migrations);
  });
});

describe("a configuration that is packaged", () => {
  const url = `$\{secretsmanager:gnomon/store}`;
  const lambda = `bus: {kafka: {brokers: ["b:9098"]}}\nstore: ${url}\n`;

  it("may keep its store's URL as a secret", () => {
    expect(checkForLambda(lambda, "gnomon.yaml").store).toBe(url);
  });

  it.each([
    ["a bus in memory", `store: ${url}\n`, "bus: functions meet on Kafka"],
    [
      "a folder as its store",
      lambda.replace(/store: .*/, "store: .gnomon/store"),
      "store: functions share a Postgres server",
    ],
    ["a word it does not know", `${lambda}sourcs: []\n`, "gnomon.yaml:3:1"],
  ])("is refused for %s", (_what, yaml, problem) => {
    expect(() => checkForLambda(yaml, "gnomon.yaml")).toThrow(problem);
  });
});

describe.each(awsTemplates)("infra/aws/%s", (_file, template) => {
  it("knows every property, refers to nothing that is not there, and allows no more than it names", () => {
    expect(unknownProperties(template)).toEqual([]);
    expect(brokenReferences(template)).toEqual([]);
    expect(circles(template)).toEqual([]);
    expect(tooMuchAllowed(template)).toEqual([]);
  });

  it("keeps the key of whatever it keeps", () => {
    expect(lostKeys(template)).toEqual([]);
  });

  it("imports only what another exports", () => {
    const exported = awsTemplates.flatMap(([, one]) => exportsOf(one));
    expect(importsIn(template).filter((name) => !exported.includes(name))).toEqual([]);
  });
});

describe("infra/", () => {
  it("lets functions out to Kafka wherever it is, and only within the network where there is no way out", () => {
    const [, network] = awsTemplates.find(([file]) => file === "network.yaml") ?? [];
    const kafka = { IpProtocol: "tcp", FromPort: 9092, ToPort: 9098, Description: "Kafka" };
    const anywhere = { "Fn::If": ["HasInternet", "0.0.0.0/0", { Ref: "Cidr" }] };
    expect(network?.Resources["FunctionSecurityGroup"]?.Properties?.["SecurityGroupEgress"]).toContainEqual({
      ...kafka,
      CidrIp: anywhere,
    });
  });

  it("gives the trail's queue six times the function's time, and ten tries before its own dead letters", () => {
    const [, trail] = awsTemplates.find(([file]) => file === "trail.yaml") ?? [];
    const queue = trail?.Resources["Queue"]?.Properties;
    expect(queue?.["QueueName"]).toBe("gnomon-trail");
    const [receiveAws] = functionsOf(msk).filter(({ FunctionName }) => FunctionName === "gnomon-receive-aws");
    expect(queue?.["VisibilityTimeout"]).toBe(6 * (receiveAws?.Timeout ?? 0));
    expect(queue?.["RedrivePolicy"]).toEqual({
      deadLetterTargetArn: { "Fn::GetAtt": ["DeadLetters", "Arn"] },
      maxReceiveCount: 10,
    });
  });

  it("has Google send what gcp.logging asks for", () => {
    const services = (file: string, list: string, end: string): readonly string[] => {
      const [, after = ""] = text(file).split(list);
      const [items = ""] = after.split(end);
      return [...items.matchAll(/"([a-z]+\.googleapis\.com)"/g)].map(([, service = ""]) => service).sort();
    };
    const [terraform, collector] = ["infra/google/main.tf", "shared/collectors/gcp-logging.ts"];
    expect(services(terraform, "services = [", "]")).toEqual(services(collector, "const AI_SERVICES = [", "]"));
    expect(services(terraform, "keepers = [", "]")).toEqual(services(collector, "const KEEPERS = [", "]"));
    expect(services(terraform, "keepers = [", "]").length).toBeGreaterThan(5);
  });

  it("lets Gnomon do in Oracle's cloud what the guide says, and no more", () => {
    const [, row = ""] = /^\| Oracle, .*?\|.*?\|(.*?)\|/m.exec(text("docs/deploy.md")) ?? [];
    const said = [...row.matchAll(/`([a-z]+ [a-z-]+)`/g)].map(([, right]) => right);
    const granted = [
      ...text("infra/oracle/main.tf").matchAll(
        /"Allow (?:dynamic-group gnomon|group \S+) to ([a-z]+ [a-z-]+) in/g,
      ),
    ].map(([, right]) => right);
    expect(new Set(granted)).toEqual(new Set(said));
  });

  it("lets Azure send only what a source reads", () => {
    const azure = text("infra/azure/main.tf");
    const targetOf = (block: string): string => {
      const [, variable] = /for_each\s*= var\.(\w+)/.exec(block) ?? [];
      if (variable === undefined) return "/subscriptions/0";
      const [, id = ""] = new RegExp(`variable "${variable}" \\{[^}]*(/subscriptions/[^"]+)"`).exec(azure) ?? [];
      return id.replace("/…/", "/0/resourceGroups/gnomon/providers/").replace("…", "gnomon");
    };
    const sent = [...azure.matchAll(/"azurerm_monitor_diagnostic_setting" "\w+" (\{.*?\n\})/gs)].flatMap(
      ([, block = ""]) =>
        [...block.matchAll(/enabled_log \{ category = "(\w+)" \}/g)].map(([, category]) => ({
          category,
          resourceId: targetOf(block),
          time: "2026-11-01T00:00:00Z",
          operationName: "made up",
        })),
    );
    expect(sent.length).toBeGreaterThan(3);
    for (const record of sent) {
      const readers = sources.filter(({ recognises }) => recognises(record)).map(({ id }) => id);
      expect(readers, record.category).toEqual([expect.stringMatching(/^azure\./)]);
    }
  });

  it("describes the topics and groups as they are made", () => {
    expect(parse(text("infra/topics.yaml"))).toEqual({
      settings: topicSettings,
      topics: Object.values(topics).map(({ name, holds, key, partitions, retentionMs }) => ({
        name,
        holds,
        key,
        partitions,
        "retention.ms": retentionMs,
      })),
      groups: Object.fromEntries(Object.entries(stages).map(([name, { topic }]) => [`gnomon-${name}`, topic])),
    });
  });

  it("says beside each “*” why there is nothing narrower", () => {
    for (const file of [
      "infra/serverless/roles.yml",
      ...readdirSync(inProject("infra/aws")).map((name) => `infra/aws/${name}`),
    ]) {
      const lines = text(file).split("\n");
      for (const [at, line] of lines.entries()) {
        if (!/Resource: "\*"/.test(line)) continue;
        const explained = line.includes("#") || /^\s*#/.test(lines[at - 1] ?? "");
        const denies = lines.slice(Math.max(0, at - 10), at).some((before) => before.includes("Effect: Deny"));
        expect(explained || denies, `${file}:${at + 1}`).toBe(true);
      }
    }
  });

  it("makes no key that lasts", () => {
    const keys =
      /AWS::IAM::(AccessKey|User)|azuread_application_password|azuread_service_principal_password|google_service_account_key|oci_identity_(api_key|auth_token|customer_secret_key|smtp_credential)/;
    for (const file of ["azure/main.tf", "google/main.tf", "oracle/main.tf"])
      expect(text(`infra/${file}`)).not.toMatch(keys);
    for (const [file, template] of awsTemplates) expect(JSON.stringify(template), file).not.toMatch(keys);
  });
});

describe("compose.yaml", () => {
  const compose = parse(text("compose.yaml"), { merge: true });

  it("runs every worker there is, once the store and the topics are made", () => {
    const program = new Command();
    worker(program, { out: process.stdout, err: process.stderr, environment: {}, exit: () => {} } satisfies Door);
    const names = program.commands[0]?.registeredArguments[0]?.argChoices ?? [];
    expect(names).toContain("receive");
    for (const name of names) {
      expect(compose.services[name], name).toMatchObject({
        command: ["worker", name],
        depends_on: { migrate: { condition: "service_completed_successfully" } },
        read_only: true,
      });
    }
    expect(compose.services.migrate.depends_on).toEqual({
      kafka: { condition: "service_healthy" },
      postgres: { condition: "service_healthy" },
    });
  });

  it("receives on the port and the interface that its configuration says, and from this machine only", () => {
    const read = parseConfiguration(text("infra/compose/gnomon.yaml"), "gnomon.yaml");
    if ("problems" in read) expect.fail(JSON.stringify(read.problems));
    const { receive } = read.configuration;
    expect(receive?.host).toBe("0.0.0.0");
    expect(compose.services.receive.ports).toEqual([`127.0.0.1:${receive?.port}:${receive?.port}`]);
  });

  it("asks for secrets instead of having any, and gives its containers whatever their configuration refers to", () => {
    expect(compose.services.postgres.environment.POSTGRES_PASSWORD).toMatch(/^\$\{GNOMON_PASSWORD:\?/);
    expect(text("compose.yaml")).not.toMatch(/(PASSWORD|SECRET): [A-Za-z0-9]/);
    const named = [...text("infra/compose/gnomon.yaml").matchAll(/\$\{env:(\w+)\}/g)].map(([, name]) => name);
    expect(Object.keys(compose.services.collect.environment).sort()).toEqual(named.sort());
  });
});

describe("docs/deploy.md", () => {
  it("holds the estimate as infra/estimate.ts computes it, and the prices it computes with", () => {
    const guide = text("docs/deploy.md");
    expect(guide).toContain(estimateText());
    for (const price of prices) expect(guide).toContain(price);
  });

  it("reckons with each log that tells of a call, and with a function for each of EventBridge's", () => {
    const calls = { calls: 100, others: 0, days: 90 };
    const [withRule, without] = [estimate(calls), estimate(calls, false)];
    expect([withRule, without].map(({ quantities }) => quantities.readings)).toEqual([300, 200]);
    expect(withRule.quantities.millionByRule).toBeCloseTo((100 * 730 * 3_600) / 1e6);
    expect(withRule.cost.lambda - without.cost.lambda).toBeGreaterThan(263 * 0.2);
    // A tenth of 263 million, at $0.10 for 100,000.
    expect(withRule.cost.trail).toBeCloseTo(26.28);
  });

  it("calls its first model where EventBridge's rule stands: it sees no other Region", () => {
    const [, ...calls] = text("docs/deploy.md").split("aws bedrock-runtime ");
    expect(calls).toEqual([expect.stringMatching(/^converse --region \$AWS_REGION /)]);
  });

  it("takes away every stack, each after those that import from it or hang on its roles", () => {
    const FUNCTIONS = "functions";
    const [, removal = ""] = text("docs/deploy.md").split("## Taking it away");
    const taken = [
      ...removal.matchAll(/osls remove\n|--stack-name gnomon-([a-z]+)$|^for stack in ([a-z ]+);/gm),
    ].flatMap(([, one, several]) => several?.split(" ") ?? one ?? FUNCTIONS);
    const order = [...new Set(taken)];
    // A reader stands in other accounts.
    const stacks = new Map(
      awsTemplates.flatMap(([file, one]) => (file === "reader.yaml" ? [] : [[file.replace(".yaml", ""), one]])),
    );
    stacks.set(FUNCTIONS, msk);
    expect(order.toSorted()).toEqual([...stacks.keys()].sort());

    const needs = (user: Template, used: Template): boolean =>
      importsIn(user).some((name) => exportsOf(used).includes(name)) ||
      Object.values(user.Parameters ?? {}).some(({ Default }) => roleNamesIn(used).includes(String(Default)));
    for (const [name, stack] of stacks) {
      const users = [...stacks].flatMap(([user, one]) => (user !== name && needs(one, stack) ? [user] : []));
      for (const user of users) {
        expect(order.indexOf(user), `${user} before ${name}`).toBeLessThan(order.indexOf(name));
      }
    }
  });

  it("names only files and scripts that there are", () => {
    const guide = text("docs/deploy.md");
    const scripts = Object.keys(JSON.parse(text("package.json")).scripts);
    for (const [, script] of guide.matchAll(/npm run ([a-z:]+)/g)) expect(scripts).toContain(script);
    for (const [, file = ""] of guide.matchAll(
      /`?((?:infra|docs|shared|functions)\/[\w./-]+\.(?:ya?ml|tf|ts|md))/g,
    )) {
      expect(() => text(file), file).not.toThrow();
    }
  });
});
