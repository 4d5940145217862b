/** What happens at the made-up company, before any vendor has written it down. */

/** Milliseconds since 1970. */
export type Time = number;

export interface Person {
  readonly name: string;
  readonly email: string;
  /** Entra object id; derived, stable. */
  readonly objectId: string;
  readonly ip: string;
}

/** A call of a model on Amazon Bedrock, written to CloudTrail and to the invocation log. */
export interface BedrockCall {
  readonly on: "bedrock";
  readonly time: Time;
  readonly account: string;
  readonly region: string;
  readonly processedRegion?: string;
  /** Foundation model, inference profile or ARN, as the caller writes it. */
  readonly modelId: string;
  readonly operation: "InvokeModel" | "InvokeModelWithResponseStream" | "Converse" | "ConverseStream";
  readonly caller: AwsCaller;
  readonly ip: string;
  readonly userAgent: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly error?: "ThrottlingException" | "AccessDeniedException" | "ValidationException";
  /** Whether the account's region has invocation logging switched on. */
  readonly invocationLogged: boolean;
}

export type AwsCaller =
  | { readonly type: "role"; readonly role: string; readonly session: string; readonly sso?: boolean }
  | { readonly type: "user"; readonly user: string; readonly accessKey: string }
  | { readonly type: "bedrock-key"; readonly user: string };

/** An administrative act in AWS. */
export interface AwsChange {
  readonly on: "aws-change";
  readonly time: Time;
  readonly account: string;
  readonly region: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly caller: AwsCaller;
  readonly ip: string;
  readonly userAgent: string;
  readonly requestParameters?: Readonly<Record<string, unknown>>;
  readonly readOnly?: boolean;
}

export interface AzureCall {
  readonly on: "azure";
  readonly time: Time;
  readonly resource: string;
  readonly region: string;
  readonly deployment: string;
  readonly model: string;
  readonly version: string;
  readonly operation: string;
  /** Entra object id; absent for calls with the account's key. */
  readonly objectId?: string;
  readonly ip: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens?: number;
  readonly status: 200 | 401 | 429;
}

export interface AzureChange {
  readonly on: "azure-change";
  readonly time: Time;
  /** Below the subscription: `resourceGroups/…`. */
  readonly resourcePath: string;
  readonly operation: string;
  readonly person: Person;
  readonly body?: Readonly<Record<string, unknown>>;
}

export interface VertexCall {
  readonly on: "vertex";
  readonly time: Time;
  readonly project: string;
  readonly location: string;
  readonly publisher: string;
  readonly model: string;
  readonly method: "GenerateContent" | "StreamGenerateContent" | "StreamRawPredict";
  readonly principalEmail: string;
  readonly ip: string;
  readonly status: 0 | 7 | 8;
}

/** What one key of an OpenAI project used within an hour. */
export interface OpenaiHour {
  readonly on: "openai";
  readonly hour: Time;
  readonly project: string;
  readonly user?: string;
  readonly key: string;
  readonly model: string;
  readonly requests: number;
  readonly inputTokens: number;
  readonly cachedTokens: number;
  readonly outputTokens: number;
}

export interface OpenaiChange {
  readonly on: "openai-change";
  readonly time: Time;
  readonly type: string;
  readonly person: Person;
  readonly project?: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A call through the gateway; what lies behind it writes its own log too. */
export interface GatewayCall {
  readonly on: "gateway";
  readonly time: Time;
  readonly team: string;
  readonly keyAlias: string;
  readonly person?: Person;
  readonly endUser?: string;
  readonly model: string;
  readonly provider: "bedrock" | "azure" | "vertex_ai";
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly spendUsd: number;
  readonly status: "success" | "failure";
}

/** A name looked up from a virtual machine. */
export interface Lookup {
  readonly on: "dns";
  readonly time: Time;
  readonly account: string;
  readonly vpc: string;
  readonly instance: string;
  readonly ip: string;
  readonly host: string;
}

/** A line of AWS's Cost and Usage Report: a day of one charge. */
export interface AwsCharge {
  readonly on: "aws-charge";
  /** Midnight. */
  readonly day: Time;
  readonly account: string;
  readonly region: string;
  /** `EUC1-Claude4.5Sonnet-input-tokens` */
  readonly usageType: string;
  readonly quantity: number;
  readonly usd: number;
}

/** A row of Azure's cost export: a day of one meter. */
export interface AzureCharge {
  readonly on: "azure-charge";
  /** Midnight. */
  readonly day: Time;
  readonly subscription: string;
  readonly resource: string;
  readonly region: string;
  /** `gpt 4o 1120 Inp regnl Tokens` */
  readonly meter: string;
  readonly pricing: "OnDemand" | "Reservation";
  readonly unit: "1K" | "1 Hour";
  readonly quantity: number;
  readonly usd: number;
}

export type Charge = AwsCharge | AzureCharge;

export type Happening =
  | BedrockCall
  | AwsChange
  | AzureCall
  | AzureChange
  | VertexCall
  | OpenaiHour
  | OpenaiChange
  | GatewayCall
  | Lookup
  | Charge;
