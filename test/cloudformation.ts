/**
 * Reads CloudFormation templates as a linter would: does every reference lead somewhere, is every property known, may
 * anybody do more than is named. Each function returns what is wrong, in words; nothing where nothing is.
 */
import { readFileSync } from "node:fs";
import { parseDocument, type Tags } from "yaml";

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: string | readonly string[];
  readonly Condition?: string;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: string } }>
  >;
}

/** `!Ref` and its kin, as the JSON they stand for. */
const shortForms: Tags = [
  "Ref",
  "GetAtt",
  "Sub",
  "Join",
  "Select",
  "Split",
  "ImportValue",
  "If",
  "Not",
  "Equals",
  "GetAZs",
  "Cidr",
].flatMap((name) => {
  const key = name === "Ref" ? name : `Fn::${name}`;
  return [
    {
      tag: `!${name}`,
      resolve: (value: string) => ({ [key]: name === "GetAtt" ? value.split(".") : value }),
    },
    {
      tag: `!${name}`,
      collection: "seq" as const,
      resolve: (node: unknown) => ({ [key]: (node as { toJSON(): unknown }).toJSON() }),
    },
  ];
});

/** Throws for YAML that CloudFormation does not take: it knows neither aliases nor merged maps. */
export function readTemplate(file: string): Template {
  const text = readFileSync(file, "utf8");
  const document = parseDocument(text, { customTags: shortForms });
  const [error] = document.errors;
  if (error) throw error;
  if (/^\s*<<:|:\s+[&*][A-Za-z]\w*\s*$/m.test(text)) throw new Error(`${file}: CloudFormation takes no aliases`);
  return document.toJSON() as Template;
}

/** Of the types in use, the properties in use: each was checked against AWS' schemas, with cfn-lint 1.51. */
const known: Readonly<Record<string, string>> = {
  "ApiGatewayV2::Api": "Name ProtocolType Tags",
  "ApiGatewayV2::Integration": "ApiId IntegrationType IntegrationUri PayloadFormatVersion TimeoutInMillis",
  "ApiGatewayV2::Route": "ApiId RouteKey Target",
  "ApiGatewayV2::Stage": "ApiId AutoDeploy DefaultRouteSettings StageName Tags",
  "CloudTrail::Trail":
    "AdvancedEventSelectors EnableLogFileValidation IncludeGlobalServiceEvents IsLogging IsMultiRegionTrail IsOrganizationTrail KMSKeyId S3BucketName TrailName",
  "CloudWatch::Alarm":
    "AlarmActions AlarmDescription ComparisonOperator DatapointsToAlarm Dimensions EvaluationPeriods MetricName Namespace OKActions Period Statistic Threshold TreatMissingData",
  "EC2::EIP": "Domain",
  "EC2::InternetGateway": "",
  "EC2::NatGateway": "AllocationId SubnetId",
  "EC2::Route": "DestinationCidrBlock GatewayId NatGatewayId RouteTableId",
  "EC2::RouteTable": "VpcId",
  "EC2::SecurityGroup": "GroupDescription SecurityGroupEgress SecurityGroupIngress VpcId",
  "EC2::SecurityGroupEgress": "DestinationSecurityGroupId FromPort GroupId IpProtocol ToPort",
  "EC2::SecurityGroupIngress": "FromPort GroupId IpProtocol SourceSecurityGroupId ToPort",
  "EC2::Subnet": "AvailabilityZone CidrBlock Tags VpcId",
  "EC2::SubnetRouteTableAssociation": "RouteTableId SubnetId",
  "EC2::VPC": "CidrBlock EnableDnsHostnames EnableDnsSupport Tags",
  "EC2::VPCEndpoint":
    "PrivateDnsEnabled RouteTableIds SecurityGroupIds ServiceName SubnetIds VpcEndpointType VpcId",
  "EC2::VPCGatewayAttachment": "InternetGatewayId VpcId",
  "Events::Rule": "Description EventPattern Name ScheduleExpression State Targets",
  "IAM::ManagedPolicy": "PolicyDocument Roles",
  "IAM::Role": "AssumeRolePolicyDocument ManagedPolicyArns MaxSessionDuration Policies RoleName",
  "KMS::Key": "Description EnableKeyRotation KeyPolicy",
  "Lambda::EventInvokeConfig":
    "DestinationConfig FunctionName MaximumEventAgeInSeconds MaximumRetryAttempts Qualifier",
  "Lambda::EventSourceMapping":
    "AmazonManagedKafkaEventSourceConfig BatchSize BisectBatchOnFunctionError DestinationConfig Enabled EventSourceArn FunctionName FunctionResponseTypes MaximumRetryAttempts MetricsConfig ProvisionedPollerConfig ScalingConfig SelfManagedEventSource SelfManagedKafkaEventSourceConfig SourceAccessConfigurations StartingPosition Topics",
  "Lambda::Function":
    "Architectures Code Environment FunctionName Handler MemorySize ReservedConcurrentExecutions Role Runtime Tags Timeout VpcConfig",
  "Lambda::Permission": "Action FunctionName Principal SourceArn",
  "Logs::LogGroup": "LogGroupName RetentionInDays",
  "Logs::MetricFilter": "FilterPattern LogGroupName MetricTransformations",
  "Logs::SubscriptionFilter": "DestinationArn FilterPattern LogGroupName",
  "MSK::ServerlessCluster": "ClientAuthentication ClusterName VpcConfigs",
  "RDS::DBCluster":
    "BackupRetentionPeriod CopyTagsToSnapshot DBSubnetGroupName DatabaseName DeletionProtection Engine EngineVersion MasterUserPassword MasterUsername ServerlessV2ScalingConfiguration StorageEncrypted StorageType VpcSecurityGroupIds",
  "RDS::DBInstance": "DBClusterIdentifier DBInstanceClass EnablePerformanceInsights Engine PubliclyAccessible",
  "RDS::DBSubnetGroup": "DBSubnetGroupDescription SubnetIds",
  "S3::Bucket":
    "BucketEncryption BucketName LifecycleConfiguration NotificationConfiguration OwnershipControls PublicAccessBlockConfiguration",
  "S3::BucketPolicy": "Bucket PolicyDocument",
  "SNS::Topic": "TopicName",
  "SNS::TopicPolicy": "PolicyDocument Topics",
  "SQS::Queue":
    "MessageRetentionPeriod QueueName RedriveAllowPolicy RedrivePolicy SqsManagedSseEnabled VisibilityTimeout",
  "SQS::QueuePolicy": "PolicyDocument Queues",
  "SecretsManager::Secret": "Description GenerateSecretString Name SecretString",
};

export const unknownProperties = ({ Resources }: Template): readonly string[] =>
  Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) => {
    const names = known[Type.replace("AWS::", "")];
    if (names === undefined) return [`${id}: ${Type} is not among the known types`];
    const allowed = new Set(names.split(" "));
    return Object.keys(Properties)
      .filter((name) => !allowed.has(name))
      .map((name) => `${id}: ${Type} has no ${name}`);
  });

/** Every node of a tree, with the keys that lead to it. */
function* nodes(value: unknown, path: readonly string[] = []): Generator<readonly [readonly string[], unknown]> {
  yield [path, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) yield* nodes(part, [...path, key]);
}

/** The names that a tree refers to: `Ref`, `GetAtt`, and what stands in the text of a `Sub`. */
export function referencesIn(tree: unknown): readonly string[] {
  const found: string[] = [];
  for (const [path, value] of nodes(tree)) {
    const key = path.at(-1);
    if (key === "Ref" && typeof value === "string") found.push(value);
    if (key === "Fn::GetAtt" && Array.isArray(value)) found.push(String(value[0]));
    if (key === "Fn::Sub") {
      const [text, own] = Array.isArray(value) ? value : [value, {}];
      for (const [, name = ""] of String(text).matchAll(/\$\{([^!}]+)\}/g)) {
        const [id = ""] = name.split(".");
        if (!(name in own)) found.push(name.startsWith("AWS::") ? name : id);
      }
    }
  }
  return found;
}

export function brokenReferences({
  Parameters = {},
  Conditions = {},
  Resources,
  Outputs = {},
}: Template): readonly string[] {
  const there = (name: string) => name in Resources || name in Parameters || name.startsWith("AWS::");
  const broken = Object.entries({ ...Resources, ...Outputs }).flatMap(([id, part]) =>
    referencesIn(part)
      .filter((name) => !there(name))
      .map((name) => `${id} refers to ${name}`),
  );
  for (const [id, { DependsOn = [], Condition }] of Object.entries(Resources)) {
    for (const name of [DependsOn].flat()) if (!(name in Resources)) broken.push(`${id} depends on ${name}`);
    if (Condition !== undefined && !(Condition in Conditions)) broken.push(`${id} is made on ${Condition}`);
  }
  for (const [path, value] of nodes(Resources)) {
    if (path.at(-1) === "Fn::If" && Array.isArray(value) && !(String(value[0]) in Conditions)) {
      broken.push(`${path[0]} asks for ${value[0]}`);
    }
  }
  return broken;
}

/** A resource that waits for itself cannot be made. */
export function circles({ Resources }: Template): readonly string[] {
  const waitsFor = (id: string) => [
    ...referencesIn(Resources[id]).filter((name) => name in Resources),
    ...[Resources[id]?.DependsOn ?? []].flat(),
  ];
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (id: string, path: readonly string[]): void => {
    if (path.includes(id)) found.push([...path.slice(path.indexOf(id)), id].join(" → "));
    else if (!done.has(id)) {
      for (const next of waitsFor(id)) visit(next, [...path, id]);
      done.add(id);
    }
  };
  for (const id of Object.keys(Resources)) visit(id, []);
  return found;
}

/** What outlives its stack is lost with a key that does not. */
export const lostKeys = ({ Resources }: Template): readonly string[] => {
  const outlives = ({ DeletionPolicy = "Delete", UpdateReplacePolicy = "Delete" }: Resource) =>
    DeletionPolicy !== "Delete" || UpdateReplacePolicy !== "Delete";
  const isKept = (key: Resource | undefined) =>
    key?.DeletionPolicy === "Retain" && key.UpdateReplacePolicy === "Retain";
  return Object.entries(Resources)
    .filter(([, resource]) => outlives(resource))
    .flatMap(([id, { Properties }]) =>
      referencesIn(Properties)
        .filter((name) => Resources[name]?.Type === "AWS::KMS::Key" && !isKept(Resources[name]))
        .map((key) => `${id} is kept, and its ${key} is not`),
    );
};

export const importsIn = (template: Template): readonly string[] => [
  ...new Set(
    [...nodes(template)].flatMap(([path, value]) => (path.at(-1) === "Fn::ImportValue" ? [String(value)] : [])),
  ),
];

export const exportsOf = ({ Outputs = {} }: Template): readonly string[] =>
  Object.values(Outputs).flatMap(({ Export }) => (Export ? [Export.Name] : []));

/** Where something goes that could not be handled: a queue's, a function's or a rule's. */
export function deadLetterQueuesIn({
  Resources,
}: Template): readonly { readonly id: string; readonly name: string }[] {
  const targets = new Set<string>();
  for (const [path, value] of nodes(Resources)) {
    const key = path.at(-1);
    if (key === "deadLetterTargetArn" || key === "DeadLetterConfig" || key === "OnFailure")
      for (const id of referencesIn(value)) targets.add(id);
  }
  return [...targets].flatMap((id) =>
    Resources[id]?.Type === "AWS::SQS::Queue"
      ? [{ id, name: String(Resources[id].Properties?.["QueueName"]) }]
      : [],
  );
}

export const roleNamesIn = ({ Resources }: Template): readonly string[] =>
  Object.values(Resources).flatMap(({ Type, Properties }) =>
    Type === "AWS::IAM::Role" ? [String(Properties?.["RoleName"])] : [],
  );

export interface Statement {
  readonly id: string;
  readonly Effect: string;
  readonly Action: readonly string[];
  /** As JSON, each. */
  readonly Resource: readonly string[];
  readonly Condition: unknown;
}

type Value = { readonly [key: string]: unknown };

/** What tests read of the types they look at, as the packaged templates have it. */
interface Shapes {
  readonly "AWS::Lambda::Function": {
    readonly FunctionName: string;
    readonly Handler: string;
    readonly Role: Value;
    readonly Runtime: string;
    readonly Architectures: readonly string[];
    readonly VpcConfig?: Value;
    readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
    readonly Code: { readonly S3Key: string };
    readonly Timeout: number;
    readonly ReservedConcurrentExecutions?: number;
  };
  readonly "AWS::Lambda::EventSourceMapping": {
    readonly EventSourceArn?: Value;
    readonly Topics?: readonly string[];
    readonly AmazonManagedKafkaEventSourceConfig?: { readonly ConsumerGroupId: string };
    readonly SelfManagedKafkaEventSourceConfig?: { readonly ConsumerGroupId: string };
    readonly BatchSize: number;
    readonly FunctionResponseTypes?: readonly string[];
    readonly MaximumRetryAttempts?: number;
    readonly BisectBatchOnFunctionError?: boolean;
    readonly ProvisionedPollerConfig?: Value;
    readonly MetricsConfig?: { readonly Metrics: readonly string[] };
    readonly DestinationConfig?: Value;
  };
  readonly "AWS::Lambda::EventInvokeConfig": {
    readonly FunctionName: { readonly Ref: string };
    readonly DestinationConfig: { readonly OnFailure: { readonly Destination: Value } };
  };
  readonly "AWS::Events::Rule": {
    readonly State: string;
    readonly ScheduleExpression?: string;
    readonly EventPattern?: Value;
    readonly Targets: readonly { readonly Arn: { readonly "Fn::GetAtt": readonly [string, string] } }[];
  };
  readonly "AWS::Logs::SubscriptionFilter": {
    readonly DestinationArn: { readonly "Fn::GetAtt": readonly [string, string] };
  };
  readonly "AWS::Logs::LogGroup": { readonly LogGroupName: string; readonly RetentionInDays?: number };
  readonly "AWS::CloudWatch::Alarm": {
    readonly Namespace: string;
    readonly MetricName: string;
    readonly AlarmActions: readonly Value[];
    readonly Dimensions?: readonly [{ readonly Name: string; readonly Value: unknown }];
  };
}

export const ofType = <Type extends keyof Shapes>(template: Template, type: Type): readonly Shapes[Type][] =>
  Object.values(template.Resources).flatMap(({ Type, Properties }) =>
    Type === type ? [Properties as unknown as Shapes[Type]] : [],
  );

/** Of roles and of the policies attached to them; what a bucket, queue or key allows is another matter. */
export const identityStatements = ({ Resources }: Template): readonly Statement[] =>
  Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) => {
    const documents =
      Type === "AWS::IAM::Role"
        ? ((Properties["Policies"] ?? []) as readonly Policy[])
        : Type === "AWS::IAM::ManagedPolicy"
          ? [Properties as unknown as Policy]
          : [];
    return documents.flatMap(({ PolicyDocument }) =>
      PolicyDocument.Statement.map(({ Effect, Action, Resource, Condition }) => ({
        id,
        Effect,
        Action: [Action].flat(),
        Resource: [Resource].flat().map((resource) => JSON.stringify(resource)),
        Condition,
      })),
    );
  });

interface Policy {
  readonly PolicyDocument: {
    readonly Statement: readonly {
      readonly Effect: string;
      readonly Action: string | string[];
      readonly Resource: unknown;
      readonly Condition?: unknown;
    }[];
  };
}

/** AWS offers nothing narrower for these (Service Authorization Reference). */
const WITHOUT_RESOURCES = new Set([
  "ce:GetCostAndUsage",
  "ce:GetDimensionValues",
  "cloudtrail:LookupEvents",
  "ec2:CreateNetworkInterface",
  "ec2:DeleteNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSecurityGroups",
  "ec2:DescribeSubnets",
  "ec2:DescribeVpcs",
  "sts:GetWebIdentityToken",
]);

export const tooMuchAllowed = (template: Template): readonly string[] =>
  identityStatements(template)
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ id, Action, Resource, Condition }) => [
      ...Action.filter((action) => action.includes("*")).map((action) => `${id} may ${action}`),
      ...(Resource.includes('"*"')
        ? Action.filter((action) => !WITHOUT_RESOURCES.has(action)).map(
            (action) => `${id} may ${action} on everything`,
          )
        : []),
      ...(Resource.some((resource) => resource.includes("iam::*")) && Condition === undefined
        ? [`${id} may act in any account`]
        : []),
    ]);
