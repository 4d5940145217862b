import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{cli,functions,shared,infra,test}/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Many of these tests wait for servers: one more than there are processors keeps those busy.
    maxWorkers: availableParallelism() + 1,
    // No test changes a module: what one file has loaded is good for the next.
    isolate: false,
    // For the processes that tests start.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "gnomon-test-compiled") },
  },
});
