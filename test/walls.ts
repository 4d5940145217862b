/**
 * `npm run walls`: who may import whom. dependency-cruiser reports success where it found nothing to look at (an
 * unsupported TypeScript, a moved folder), so the number of modules is checked as well.
 */
import { createRequire } from "node:module";
import { cruise, type ICruiseOptions, type ICruiseResult } from "dependency-cruiser";

const rules: ICruiseOptions = createRequire(import.meta.url)("../.dependency-cruiser.cjs");
const { options, ...ruleSet } = rules as ICruiseOptions & { options: ICruiseOptions };
const folders = ["cli", "functions", "shared", "infra", "test"];

const { output } = await cruise(folders, { ...options, ruleSet, validate: true } as ICruiseOptions);
const { modules, summary } = output as ICruiseResult;
const ours = modules.filter(({ source }) => folders.some((folder) => source.startsWith(`${folder}/`)));

for (const { rule, from, to } of summary.violations)
  process.stderr.write(`${rule.severity} ${rule.name}: ${from} → ${to}\n`);
process.stdout.write(`${ours.length} modules, ${summary.violations.length} broken walls\n`);
if (ours.length < 50) process.stderr.write("fewer than 50 modules were seen: the walls were not checked\n");
process.exitCode = summary.violations.length > 0 || ours.length < 50 ? 1 : 0;
