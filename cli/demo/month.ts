/**
 * An ordinary month at the made-up company, all of it approved: rotating sessions, retries after throttling, a deploy
 * to a newer model, holidays, a night batch, a new hire. Nothing in here may become a finding.
 */
import { aws, azure, google, holidays, month, openai, people } from "./company.ts";
import type { AwsCaller, BedrockCall, Happening, OpenaiHour, Person } from "./happening.ts";
import type { Random } from "./random.ts";

const HOUR = 3_600_000;
const SDK = "Boto3/1.42.3 md/Botocore#1.42.3 ua/2.1 os/linux lang/python#3.13.1";
const CLI = "aws-sdk-js/3.1120.0 ua/2.1 os/macos lang/js md/nodejs#24.12.0";

export const at = (day: number, hour: number, minute = 0, second = 0): number =>
  Date.UTC(month.year, month.month - 1, day, hour, minute, second);

/** Who becomes an incident's victim later. */
export const customsAgent: AwsCaller = { type: "role", role: "customs-agent", session: "agent-7" };
export const keys = {
  newsletter: "key_newsletter02",
  portalChat: "key_portal_chat",
  translations: "key_portal_translate",
} as const;

const processedInEurope = ["eu-central-1", "eu-west-1", "eu-west-3", "eu-north-1"] as const;

/** 1 at the busiest time of a working day, little at night, on weekends and holidays. */
function busyness(day: number, hour: number, around: "clock" | "office"): number {
  const weekday = new Date(at(day, hour)).getUTCDay();
  const free = weekday === 0 || weekday === 6 || holidays.includes(day);
  const office = Math.exp(-(((hour - 12.5) / 4) ** 2));
  if (around === "clock") return (0.45 + 0.55 * office) * (free ? 0.7 : 1);
  return hour < 7 || hour > 19 ? 0 : office * (free ? 0.03 : 1);
}

export function ordinaryMonth(seed: Random): Happening[] {
  const happenings: Happening[] = [];
  for (let day = 1; day <= month.days; day++) {
    for (let hour = 0; hour < 24; hour++) {
      for (const write of [
        dispatch,
        customs,
        tariffs,
        staff,
        support,
        research,
        marketing,
        portal,
        gateway,
        lookups,
        administration,
      ]) {
        happenings.push(...write(day, hour, seed.fork(`${write.name} ${day} ${hour}`)));
      }
    }
  }
  return happenings;
}

const within = (day: number, hour: number, random: Random): number =>
  at(day, hour) + random.whole(0, HOUR - 10_000);

/** The dispatch assistant of the platform team: round the clock, a new session with every task. */
function dispatch(day: number, hour: number, random: Random): Happening[] {
  const calls: BedrockCall[] = [];
  for (let left = random.poisson(14 * busyness(day, hour, "clock")); left > 0; left--) {
    const time = within(day, hour, random);
    const call: BedrockCall = {
      on: "bedrock",
      time,
      account: aws.production,
      region: "eu-central-1",
      processedRegion: random.pick(processedInEurope),
      modelId: day < 17 ? "eu.anthropic.claude-sonnet-4-5-20250929-v1:0" : "eu.anthropic.claude-sonnet-4-6",
      operation: random.chance(0.7) ? "Converse" : "ConverseStream",
      caller: {
        type: "role",
        role: "dispatch-assistant",
        session: `task-${day}-${Math.floor(hour / 6)}-${random.whole(1, 3)}`,
      },
      ip: `10.10.${random.whole(0, 3)}.${random.whole(2, 250)}`,
      userAgent: SDK,
      inputTokens: Math.round(21_000 * random.around(1.8)),
      outputTokens: Math.round(520 * random.around(1.8)),
      metadata: { team: "platform", task: random.pick(["route", "customs", "delay"]) },
      invocationLogged: true,
    };
    const throttled = random.chance(0.01);
    if (throttled)
      calls.push({ ...call, outputTokens: 0, error: "ThrottlingException" }, { ...call, time: time + 2_000 });
    else calls.push(call);
  }
  return calls;
}

/** The customs agent, round the clock: some forty thousand tokens of rules and papers to a call. */
function customs(day: number, hour: number, random: Random): Happening[] {
  return Array.from({ length: random.poisson(5 * busyness(day, hour, "clock")) }, () => ({
    on: "bedrock",
    time: within(day, hour, random),
    account: aws.production,
    region: "eu-central-1",
    processedRegion: random.pick(processedInEurope),
    modelId: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    operation: "Converse",
    caller: customsAgent,
    ip: "10.10.4.20",
    userAgent: SDK,
    inputTokens: Math.round(38_000 * random.around(1.4)),
    outputTokens: Math.round(600 * random.around(1.6)),
    metadata: { team: "platform", app: "customs-agent" },
    invocationLogged: true,
  }));
}

/** The tariff engine of the pricing team: European data, European regions. */
function tariffs(day: number, hour: number, random: Random): Happening[] {
  return Array.from({ length: random.poisson(7 * busyness(day, hour, "office")) }, () => ({
    on: "bedrock",
    time: within(day, hour, random),
    account: aws.pricing,
    region: "eu-west-1",
    processedRegion: random.pick(processedInEurope),
    modelId:
      "arn:aws:bedrock:eu-west-1:321098765432:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    operation: "InvokeModel",
    caller: {
      type: "role",
      role: "tariff-engine",
      session: `deploy-${Math.floor(day / 9)}-${random.whole(1, 2)}`,
    },
    ip: `10.30.0.${random.whole(2, 60)}`,
    userAgent: SDK,
    inputTokens: Math.round(52_000 * random.around(1.4)),
    outputTokens: Math.round(1_100 * random.around(1.6)),
    cacheReadTokens: 20_000,
    metadata: { team: "pricing" },
    invocationLogged: true,
  }));
}

/** People trying things from their own machines, signed in through single sign-on. */
function staff(day: number, hour: number, random: Random): Happening[] {
  const working: readonly { person: Person; role: string; account: string }[] = [
    ...people.platform.map((person) => ({
      person,
      role: "AWSReservedSSO_Platform_4f1c",
      account: aws.production,
    })),
    ...people.pricing.map((person) => ({ person, role: "AWSReservedSSO_Pricing_9a2b", account: aws.pricing })),
    ...(day >= 15 ? [{ person: people.newHire, role: "AWSReservedSSO_Pricing_9a2b", account: aws.pricing }] : []),
  ];
  return working.flatMap(({ person, role, account }) =>
    Array.from({ length: random.poisson(0.8 * busyness(day, hour, "office")) }, () => ({
      on: "bedrock",
      time: within(day, hour, random),
      account,
      region: "eu-central-1",
      processedRegion: random.pick(processedInEurope),
      modelId: "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
      operation: "ConverseStream",
      caller: { type: "role", role, session: person.email, sso: true },
      ip: person.ip,
      userAgent: CLI,
      inputTokens: Math.round(34_000 * random.around(2)),
      outputTokens: Math.round(700 * random.around(2)),
      invocationLogged: true,
    })),
  );
}

/** Replies to customers: a managed identity of the support team's Azure resource. */
function support(day: number, hour: number, random: Random): Happening[] {
  const calls: Happening[] = Array.from({ length: random.poisson(9 * busyness(day, hour, "clock")) }, () => ({
    on: "azure",
    time: within(day, hour, random),
    resource: azure.support,
    region: "swedencentral",
    deployment: "replies",
    model: "gpt-4o",
    version: "2024-11-20",
    operation: "ChatCompletions_Create",
    objectId: "aa11bb22-0000-4000-8000-00000000c0de",
    ip: "20.91.0.14",
    inputTokens: Math.round(7_800 * random.around(1.5)),
    outputTokens: Math.round(340 * random.around(1.6)),
    cachedTokens: 1_024,
    status: random.chance(0.008) ? 429 : 200,
  }));
  // The pilot ends with its approval, on the 14th.
  if (day <= 14) {
    for (let left = random.poisson(1.2 * busyness(day, hour, "office")); left > 0; left--) {
      calls.push({
        on: "azure",
        time: within(day, hour, random),
        resource: azure.support,
        region: "swedencentral",
        deployment: "pilot",
        model: "gpt-4",
        version: "turbo-2024-04-09",
        operation: "ChatCompletions_Create",
        objectId: people.support[0].objectId,
        ip: people.support[0].ip,
        inputTokens: Math.round(1_200 * random.around(1.6)),
        outputTokens: Math.round(300 * random.around(1.6)),
        status: 200,
      });
    }
  }
  return calls;
}

/** Researchers by day, a batch of one service account at two in the night. */
function research(day: number, hour: number, random: Random): Happening[] {
  const nightly = hour === 2 ? random.poisson(40) : 0;
  const byDay = people.research.flatMap((person) =>
    Array.from({ length: random.poisson(1.1 * busyness(day, hour, "office")) }, () => person),
  );
  return [
    ...Array.from(
      { length: nightly },
      (): Happening => ({
        on: "vertex",
        time: within(day, hour, random),
        project: google.routing,
        location: "europe-west4",
        publisher: "google",
        model: "gemini-2.5-flash",
        method: "GenerateContent",
        principalEmail: "night-batch@meridian-routing.iam.gserviceaccount.com",
        ip: "34.90.0.8",
        status: random.chance(0.02) ? 8 : 0,
      }),
    ),
    ...byDay.map(
      (person): Happening => ({
        on: "vertex",
        time: within(day, hour, random),
        project: google.research,
        location: "europe-west4",
        publisher: "google",
        model: "gemini-2.5-pro",
        method: "StreamGenerateContent",
        principalEmail: person.email,
        ip: person.ip,
        status: 0,
      }),
    ),
  ];
}

/** Campaign texts, and the newsletter that looks for news every hour: two keys of one OpenAI project, in hours. */
function marketing(day: number, hour: number, random: Random): Happening[] {
  const campaigns = {
    project: openai.marketing,
    user: `user-${people.marketing[0].objectId.slice(0, 8)}`,
    key: "key_campaigns01",
    model: "gpt-4o-mini-2024-07-18",
  };
  const newsletter = { project: openai.marketing, key: keys.newsletter, model: "gpt-4o-2024-11-20" };
  return [
    ...openaiHour(day, hour, random.poisson(40 * busyness(day, hour, "office")), campaigns, [2_400, 900], random),
    ...openaiHour(
      day,
      hour,
      1 + random.poisson(4 * busyness(day, hour, "office")),
      newsletter,
      [9_000, 3_100],
      random,
    ),
  ];
}

/** The carriers' portal: an assistant in a chat, and translations of what carriers write. */
function portal(day: number, hour: number, random: Random): Happening[] {
  const chat = { project: openai.portal, key: keys.portalChat, model: "gpt-4o-2024-11-20" };
  const translations = { project: openai.portal, key: keys.translations, model: "gpt-4o-mini-2024-07-18" };
  return [
    ...openaiHour(day, hour, random.poisson(42 * busyness(day, hour, "clock")), chat, [8_200, 850], random),
    ...openaiHour(
      day,
      hour,
      random.poisson(32 * busyness(day, hour, "clock")),
      translations,
      [16_000, 2_400],
      random,
    ),
  ];
}

/** Nothing where nothing was asked. Tokens a request: in, out. */
function openaiHour(
  day: number,
  hour: number,
  requests: number,
  about: Pick<OpenaiHour, "project" | "user" | "key" | "model">,
  [input, output]: readonly [number, number],
  random: Random,
): OpenaiHour[] {
  if (requests === 0) return [];
  // The mean of many: what is odd about single requests evens out.
  const noise = () => random.around(1 + 0.4 / Math.sqrt(requests));
  return [
    {
      on: "openai",
      hour: at(day, hour),
      ...about,
      requests,
      inputTokens: Math.round(requests * input * noise()),
      cachedTokens: requests * 128,
      outputTokens: Math.round(requests * output * noise()),
    },
  ];
}

/** Chat for everybody through the gateway; Bedrock behind it sees only the gateway's role. */
function gateway(day: number, hour: number, random: Random): Happening[] {
  const users = [...people.support, ...people.marketing] as const;
  return Array.from({ length: random.poisson(5 * busyness(day, hour, "office")) }, () => {
    const time = within(day, hour, random);
    const inputTokens = Math.round(5_200 * random.around(2));
    const outputTokens = Math.round(700 * random.around(2));
    const person = random.pick(users);
    const team = people.support.some((one) => one === person) ? "support" : "marketing";
    const called: Happening[] = [
      {
        on: "gateway",
        time,
        team,
        keyAlias: `${team}-chat`,
        person,
        model: "bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        provider: "bedrock",
        inputTokens,
        outputTokens,
        spendUsd: Number(((inputTokens * 3.3 + outputTokens * 16.5) / 1e6).toFixed(8)),
        status: "success",
      },
      {
        on: "bedrock",
        time: time + 1_000,
        account: aws.production,
        region: "eu-central-1",
        processedRegion: random.pick(processedInEurope),
        modelId: "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        operation: "Converse",
        caller: { type: "role", role: "litellm-gateway", session: `gateway-${day % 3}` },
        ip: "10.20.0.7",
        userAgent: SDK,
        inputTokens,
        outputTokens,
        invocationLogged: true,
      },
    ];
    return called;
  }).flat();
}

/** Servers look up the doors they are meant to use, and a great deal that is no AI at all. */
function lookups(day: number, hour: number, random: Random): Happening[] {
  const from = (instance: string, ip: string, host: string): Happening => ({
    on: "dns",
    time: within(day, hour, random),
    account: aws.production,
    vpc: "vpc-0d15ea5e",
    instance,
    ip,
    host,
  });
  const web = "i-0a5b0c0d0e0f00001";
  const dispatcher = "i-0d15ba7c400000002";
  return [
    from(dispatcher, "10.10.0.8", "bedrock-runtime.eu-central-1.amazonaws.com"),
    from(web, "10.10.1.5", "gateway.meridian-freight.example"),
    from(
      web,
      "10.10.1.5",
      random.pick(["api.stripe.com", "github.com", "sqs.eu-central-1.amazonaws.com", "pypi.org"]),
    ),
  ];
}

/** Acts of administration that change nothing to worry about: a regional deployment, people coming and going. */
function administration(day: number, hour: number): Happening[] {
  const happenings: Happening[] = [];
  if (day === 3 && hour === 9) {
    happenings.push({
      on: "azure-change",
      time: at(day, hour, 20),
      resourcePath: `resourceGroups/${azure.resourceGroup}/providers/Microsoft.CognitiveServices/accounts/${azure.support}/deployments/replies`,
      operation: "Microsoft.CognitiveServices/accounts/deployments/write",
      person: people.support[0],
      body: {
        sku: { name: "Standard", capacity: 40 },
        properties: { model: { format: "OpenAI", name: "gpt-4o", version: "2024-11-20" } },
      },
    });
  }
  if (day % 7 === 2 && hour === 8) {
    happenings.push({
      on: "openai-change",
      time: at(day, hour, 2),
      type: "login.succeeded",
      person: people.marketing[0],
      detail: {},
    });
  }
  if (day === 15 && hour === 10) {
    happenings.push({
      on: "openai-change",
      time: at(day, hour, 45),
      type: "invite.sent",
      person: people.marketing[0],
      detail: { id: "invite-abc", data: { email: people.marketing[1].email, role: "reader" } },
    });
  }
  return happenings;
}
