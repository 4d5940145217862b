import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{cli,functions,shared,infra,test}/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // By default a processor is left to whoever watches; many of these tests wait for servers.
    maxWorkers: "100%",
  },
});
