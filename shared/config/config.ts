/**
 * `gnomon.yaml`: which logs to collect, where results are kept, who is told. Checked as a whole, every problem with
 * its place; secrets are references that `resolveSecrets` follows, and are never printed.
 */
import { z } from "zod";
import type { Collector } from "../collectors/collector.ts";
import { Level } from "../model/finding.ts";
import { DAY_MS } from "../model/units.ts";
import { sameNames } from "../policy/lists.ts";
import {
  byPosition,
  checkShape,
  type Path,
  type Problem,
  readYaml,
  written,
  type YamlDocument,
} from "../policy/yaml-document.ts";
import { collectors, sinks } from "../registry.ts";
import type { Sink } from "../sinks/sink.ts";
import { priceShape } from "./prices.ts";
import { duration, KafkaConnection, REFERENCE, secret } from "./settings.ts";

const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "letters, digits, dots, dashes; at most 64 of them");

const Kafka = KafkaConnection.extend({
  /**
   * Of what is written; both are read. zstd takes half of the time and a quarter less room. Event Hubs knows gzip only,
   * and nobody says whether Lambda's own reader of Kafka knows zstd.
   */
  compression: z.enum(["gzip", "zstd"]).default("gzip"),
  replicationFactor: z.coerce.number().int().min(1).max(9).default(3),
});

const shape = z.strictObject({
  /** A folder for embedded Postgres, or postgres://… */
  store: z.string().min(1).default(".gnomon/store"),
  /** `memory`, within one process, or Kafka. */
  bus: z.union([z.literal("memory"), z.strictObject({ kafka: Kafka })]).default("memory"),
  /** The policy file, beside this one. */
  policy: z.string().optional(),
  /** What is paid where that is not the list price; of two that fit, the later. */
  prices: z.array(priceShape).default([]),
  collectors: z.array(unionOf("collector", collectors, { every: duration.prefault("5m") })).default([]),
  /** Where pushed logs arrive. Absent: nothing is received. */
  receive: z
    .strictObject({
      port: z.coerce.number().int().min(1).max(65_535).default(4_318),
      /** `0.0.0.0` in a container, behind something that speaks TLS: the secret is in the requests. */
      host: z.string().min(1).default("127.0.0.1"),
      /** Senders show it as a bearer token, or sign with it. */
      secret,
    })
    .optional(),
  sinks: z.array(unionOf("sink", sinks, { minimumLevel: Level.default("low") })).default([]),
  /** How long activities are kept after they ended: docs/retention.md. */
  retention: z.strictObject({ activityDays: z.coerce.number().int().min(1).max(3_660).default(90) }).prefault({}),
});

/** One entry of a list whose `settings` are those of the unit it names. */
function unionOf<Key extends "collector" | "sink", Common extends z.ZodRawShape>(
  key: Key,
  shelf: readonly (Collector | Sink)[],
  common: Common,
): z.ZodType<Entry<Key> & z.output<z.ZodObject<Common>>> {
  const entries = shelf.map((unit) =>
    z.strictObject({ [key]: z.literal(unit.id), name: Name.default(unit.id), settings: unit.settings, ...common }),
  );
  const [first, ...others] = entries;
  const union = first ? z.discriminatedUnion(key, [first, ...others]) : z.never();
  return union as unknown as z.ZodType<Entry<Key> & z.output<z.ZodObject<Common>>>;
}

type Entry<Key extends "collector" | "sink"> = { readonly [Word in Key]: string } & {
  readonly name: string;
  /** As the unit of that id wants them. */
  readonly settings: unknown;
};

export type Configuration = z.output<typeof shape>;

/** Never throws. `file` is the name that problems carry. */
export function parseConfiguration(
  text: string,
  file: string,
): { readonly configuration: Configuration } | { readonly problems: readonly Problem[] } {
  const document = readYaml(text, file);
  if (!("value" in document)) return document;
  const read = checkShape(document, shape);
  const namesakes = sameNames(document, ["prices"]);
  if ("problems" in read) return { problems: [...read.problems, ...namesakes].sort(byPosition) };
  const taken = (["collectors", "sinks"] as const).flatMap((list) => {
    const seen = new Set<string>();
    return read.value[list].flatMap(({ name }, index): Problem[] => {
      if (!seen.has(name)) {
        seen.add(name);
        return [];
      }
      const path = `${list}[${index}].name`;
      return [
        { file, ...document.place([list, index]), path, message: `"${name}" is taken: cursors are kept by name` },
      ];
    });
  });
  const problems = [...taken, ...namesakes, ...tooFarBack(read.value, document)];
  return problems.length > 0 ? { problems: problems.sort(byPosition) } : { configuration: read.value };
}

const Reach = z.object({ history: z.number().default(0), lookBack: z.number().default(0) });
const KeepsSaid = z.object({ retention: z.object({ activityDays: z.string() }) });

/**
 * What a collector reads and is too old to be kept is left out: history would be missing, and bills of the past never
 * corrected, and nobody would know why. Told where it was written, of the number of days or else of each setting.
 */
function tooFarBack({ collectors: entries, retention }: Configuration, document: YamlDocument): Problem[] {
  const { activityDays } = retention;
  const reaching = entries.flatMap(({ settings }, index) => {
    const { history, lookBack } = Reach.safeParse(settings).data ?? { history: 0, lookBack: 0 };
    return Object.entries({ history, lookBack }).map(([name, reach]) => ({
      at: ["collectors", index, "settings", name],
      days: Math.ceil(reach / DAY_MS),
    }));
  });
  const tooFar = reaching.filter(({ days }) => days > activityDays).sort((a, b) => b.days - a.days);
  const problem = (at: Path, message: string, suggestion: string): Problem => ({
    file: document.file,
    ...document.place(at),
    path: written(at),
    message,
    suggestion,
  });
  const [farthest] = tooFar;
  if (farthest && KeepsSaid.safeParse(document.value).success) {
    const { at, days } = farthest;
    const message = `${written(at)} reads ${days} days back; what is older than activities are kept is left out`;
    return [problem(["retention", "activityDays"], message, String(days))];
  }
  return tooFar.map(({ at, days }) => {
    const message = `reads ${days} days back, and retention.activityDays is ${activityDays}: what is older is left out`;
    return problem(at, message, `${activityDays}d`);
  });
}

/** For editors. */
export const configurationJsonSchema = (): z.core.JSONSchema.BaseSchema => z.toJSONSchema(shape, { io: "input" });

export type SecretStore = "env" | "ssm" | "secretsmanager";

/**
 * The same tree with every reference replaced by what it stands for. `lookUp` throws a PipelineError that names the
 * reference and never a value.
 */
export async function resolveSecrets<T>(
  value: T,
  lookUp: (store: SecretStore, name: string) => Promise<string>,
): Promise<T> {
  if (typeof value === "string") {
    const [, env, envName, ssm, ssmName, , id] = REFERENCE.exec(value) ?? [];
    if (env && envName) return (await lookUp("env", envName)) as T;
    if (ssm && ssmName) return (await lookUp("ssm", ssmName)) as T;
    if (id) return (await lookUp("secretsmanager", id)) as T;
    return value;
  }
  if (Array.isArray(value)) return (await Promise.all(value.map((part) => resolveSecrets(part, lookUp)))) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = await Promise.all(
    Object.entries(value).map(async ([key, part]) => [key, await resolveSecrets(part, lookUp)] as const),
  );
  return Object.fromEntries(entries) as T;
}
