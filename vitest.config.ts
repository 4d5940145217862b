import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What takes ten seconds and more, first: begun last, it would run alone. */
const LONG = [
  /test\/up\.test/,
  /cli\/gnomon\.test/,
  /test\/(bus|foreign-topic|litellm|package|bundles|store|rejects|report\.browser|canary|sources)\.test/,
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((long) => long.test(moduleId));
      return at === -1 ? LONG.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

// For all processes: vitest's own, and those that tests start.
process.env["NODE_COMPILE_CACHE"] ??= join(tmpdir(), "gnomon-test-compiled");

export default defineConfig({
  test: {
    globalSetup: "test/global-setup.ts",
    include: ["{cli,functions,shared,infra,test}/**/*.test.ts"],
    // For what hangs alone: a machine that is busy with other things takes five times as long as a quiet one.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 60_000 } },
    // Many of these tests wait for servers: one more than there are processors keeps those busy.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    // No test changes a module: what one file has loaded is good for the next.
    isolate: false,
  },
});
