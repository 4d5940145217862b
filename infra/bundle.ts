/**
 * Makes of each function a folder that Lambda can run: `npm run bundle`. What a handler needs for its first event
 * stands in `index.mjs` and the files it imports; whatever the code imports on first use, the vendors' SDKs above all,
 * stands in files of its own, which only whoever configured them loads.
 */
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile, type Plugin } from "esbuild";
import { type Configuration, parseConfiguration } from "../shared/config/config.ts";
import { PipelineError } from "../shared/model/errors.ts";
import { formatProblem } from "../shared/policy/yaml-document.ts";

/** The one that runs collectors; the others only check their settings. */
const COLLECTS = "collect";

const project = fileURLToPath(new URL("..", import.meta.url));

export interface BundledFile {
  readonly name: string;
  readonly bytes: number;
  /** Loaded with the handler; the others when they are first used. */
  readonly eager: boolean;
  /** Packages that take up most of it, the largest first. */
  readonly packages: readonly string[];
}

export interface Bundle {
  /** As in `functions/NAME.ts`. */
  readonly name: string;
  readonly folder: string;
  readonly files: readonly BundledFile[];
}

/** The files of `functions/` that export a handler. */
export async function functionNames(): Promise<readonly string[]> {
  const folder = join(project, "functions");
  const names: string[] = [];
  for (const file of (await readdir(folder)).sort()) {
    if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
    if (/^export (const|async function) handler\b/m.test(await readFile(join(folder, file), "utf8")))
      names.push(basename(file, ".ts"));
  }
  return names;
}

/** One folder a function under `into`; what stood there before is gone. */
export async function bundleFunctions(names: readonly string[], into: string): Promise<readonly Bundle[]> {
  const bundles: Bundle[] = [];
  // One after the other: esbuild itself uses every core.
  for (const name of names) bundles.push(await bundleFunction(name, join(into, name)));
  return bundles;
}

async function bundleFunction(name: string, folder: string): Promise<Bundle> {
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: project,
    entryPoints: { index: join("functions", `${name}.ts`) },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node24",
    // Beside the bundle, to read a stack trace with; serverless.yml leaves them out.
    sourcemap: "external",
    legalComments: "none",
    metafile: true,
    logLevel: "error",
    // Of the AWS SDK the runtime has every client; what clients are made of it may lack (aws/aws-sdk-js-v3#4401, #5122).
    // Postgres within the process is for laptops, and `checkForLambda` refuses it.
    external: ["@aws-sdk/client-*", "@aws-sdk/lib-*", "@electric-sql/pglite"],
    banner: { js: commonJsNames },
    // The same code as ES modules, of which what nobody uses is left out.
    alias: { yaml: join(project, "node_modules/yaml/browser/index.js") },
    plugins: [onlyWhatIsUsed, zodByNames, ...(name === COLLECTS ? [] : [withoutCollectorsSdks])],
  });
  await copyAssets(metafile, folder);
  return { name, folder, files: filesOf(metafile) };
}

/** What packages written for CommonJS expect to find. */
const commonJsNames = [
  'import{createRequire as $require}from"node:module";',
  'import{fileURLToPath as $path}from"node:url";',
  'import{dirname as $folder}from"node:path";',
  "const require=$require(import.meta.url),__filename=$path(import.meta.url),__dirname=$folder(__filename);",
].join("");

/** Loading a file of ours does nothing but define what it exports: shelves and stores that a function does not use stay out. */
const onlyWhatIsUsed: Plugin = {
  name: "only-what-is-used",
  setup({ onResolve, resolve: find }) {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, async ({ path, kind, resolveDir, importer, pluginData }) => {
      if (pluginData === "found") return undefined;
      const found = await find(path, { kind, resolveDir, importer, pluginData: "found" });
      return found.errors.length > 0 ? { errors: found.errors } : { path: found.path, sideEffects: false };
    });
  },
};

/** What a collector loads when it runs. */
const withoutCollectorsSdks: Plugin = {
  name: "without-collectors-sdks",
  setup({ onResolve }) {
    onResolve({ filter: /^[^.]/ }, ({ path, kind, importer }) =>
      kind === "dynamic-import" && importer.includes(join("shared", "collectors"))
        ? { path, external: true }
        : undefined,
    );
  },
};

/**
 * `z` is a value that holds all of zod, its messages in fifty languages too, and comes along whole. As a namespace only
 * those of its members come that our code names: 350 KB less.
 */
const zodByNames: Plugin = {
  name: "zod-by-names",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      return { contents: text.replace('import { z } from "zod";', 'import * as z from "zod";'), loader: "ts" };
    });
  },
};

/** Files that our code reads beside itself, `new URL("./migrations/…", import.meta.url)`, come along. */
async function copyAssets({ inputs }: Metafile, folder: string): Promise<void> {
  for (const input of Object.keys(inputs)) {
    if (input.includes("node_modules") || input.includes(":")) continue;
    const source = join(project, input);
    const text = await readFile(source, "utf8");
    for (const [, path = ""] of text.matchAll(
      /new URL\(\s*["'`](\.\/[^"'`$]*)[^)]*,\s*import\.meta\.url\s*,?\s*\)/g,
    )) {
      await cp(join(dirname(source), path), join(folder, path), { recursive: true });
    }
  }
}

function filesOf({ outputs }: Metafile): readonly BundledFile[] {
  const eager = new Set<string>();
  const waiting = Object.keys(outputs).filter((path) => basename(path) === "index.mjs");
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (eager.has(path)) continue;
    eager.add(path);
    for (const { kind, path: imported, external } of outputs[path]?.imports ?? []) {
      if (!external && kind !== "dynamic-import" && outputs[imported]) waiting.push(imported);
    }
  }
  return Object.entries(outputs)
    .filter(([path]) => path.endsWith(".mjs"))
    .map(([path, { bytes, inputs }]) => ({
      name: basename(path),
      bytes,
      eager: eager.has(path),
      packages: largestPackages(inputs),
    }))
    .sort((a, b) => b.bytes - a.bytes);
}

function largestPackages(inputs: Metafile["outputs"][string]["inputs"]): readonly string[] {
  const bytes = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? "gnomon";
    bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
  }
  return [...bytes].sort(([, a], [, b]) => b - a).map(([name]) => name);
}

/** `gnomon.yaml` and the policy it names, checked, into a folder that every function carries. */
export async function copyConfiguration(file: string, into: string): Promise<void> {
  const configuration = checkForLambda(await readFile(file, "utf8"), file);
  await rm(into, { recursive: true, force: true });
  await mkdir(into, { recursive: true });
  await copyFile(file, join(into, "gnomon.yaml"));
  if (configuration.policy === undefined) return;
  const policy = resolve(dirname(file), configuration.policy);
  const path = relative(dirname(resolve(file)), policy);
  if (path.startsWith("..")) {
    throw new PipelineError(
      "config-invalid",
      `${file}: the policy must stand in the folder of this file, or below it`,
    );
  }
  await mkdir(dirname(join(into, path)), { recursive: true });
  await copyFile(policy, join(into, path));
}

/** Throws `config-invalid` for what works within one process only. */
export function checkForLambda(text: string, file: string): Configuration {
  const read = parseConfiguration(text, file);
  if ("problems" in read) {
    throw new PipelineError(
      "config-invalid",
      read.problems.map((problem) => formatProblem(problem, text)).join("\n"),
    );
  }
  const { bus, store } = read.configuration;
  const problems = [
    ...(bus === "memory" ? ["bus: functions meet on Kafka, not in memory; give bus.kafka"] : []),
    ...(/^(postgres(ql)?:\/\/|\$\{)/.test(store)
      ? []
      : [
          `store: functions share a Postgres server; give a reference to its URL, such as $\{secretsmanager:gnomon/store}`,
        ]),
  ];
  if (problems.length > 0) {
    throw new PipelineError("config-invalid", problems.map((problem) => `${file}: ${problem}`).join("\n"));
  }
  return read.configuration;
}

const EXAMPLE = "infra/gnomon.example.yaml";

async function main(): Promise<void> {
  const named = process.env["GNOMON_CONFIG"] ?? "gnomon.yaml";
  const file = await readFile(join(project, named)).then(
    () => named,
    () => EXAMPLE,
  );
  if (file === EXAMPLE) {
    process.stderr.write(
      `${named} is not there: ${EXAMPLE} is packaged, which collects nothing. Write one: gnomon init\n`,
    );
  }
  const dist = join(project, "dist");
  await copyConfiguration(join(project, file), join(dist, "config"));
  const bundles = await bundleFunctions(await functionNames(), join(dist, "functions"));
  await writeFile(join(dist, "bundles.json"), JSON.stringify(bundles));
}

if (import.meta.main) await main();
