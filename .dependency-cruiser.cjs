/** Who may import whom. A rule here is a wall of the house; `npm run walls` checks them. */
const test = "([.]test[.]ts$|^test/)";

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "nothing-imports-a-door",
      comment: "functions/ and cli/ are entry points; what both need lives in shared/.",
      severity: "error",
      from: { pathNot: "^(functions|cli|test)/" },
      to: { path: "^(functions|cli)/" },
    },
    {
      name: "doors-do-not-share",
      comment: "A Lambda function never reaches into the command line, nor the other way round.",
      severity: "error",
      from: { path: "^functions/" },
      to: { path: "^cli/" },
    },
    {
      name: "model-knows-nobody",
      comment: "The nouns import each other, zod and node:crypto.",
      severity: "error",
      from: { path: "^shared/model/", pathNot: test },
      to: { pathNot: ["^shared/model/", "^node_modules/zod/", "^crypto$"] },
    },
    {
      name: "detections-see-only-model-and-policy",
      comment:
        "A detection is a pure function: no vendor, no clock, no database, no network. What rows of usage add up to is one too.",
      severity: "error",
      from: { path: "^shared/detections/", pathNot: test },
      to: {
        pathNot: [
          "^shared/(detections|model|policy)/",
          "^shared/cost/(alert|capacity|reconcile|watch-usage)[.]ts$",
          "^shared/report/system-of-record[.]ts$",
        ],
      },
    },
    {
      name: "sources-and-sinks-are-strangers",
      comment: "Neighbours talk through the model; a source never reads another source's file.",
      severity: "error",
      from: { path: "^shared/(sources|sinks)/(?!index|source[.]|sink[.])([^/]+)[.]ts$", pathNot: test },
      to: {
        path: "^shared/(sources|sinks|detections|pipeline|bus|store|report)/",
        pathNot: "/(source|sink)[.]ts$",
      },
    },
    {
      name: "pipeline-is-pure",
      comment: "The pipeline takes its ports as arguments; only doors connect them. Types of ports may be named.",
      severity: "error",
      from: { path: "^shared/pipeline/", pathNot: test },
      to: {
        path: "^(shared/(bus|store)/|node_modules/(kafkajs|pg|@electric-sql|@aws-sdk|@azure|@google-cloud))",
        pathNot: "^shared/store/store[.]ts$",
      },
    },
    {
      name: "kafka-behind-the-bus",
      severity: "error",
      from: { pathNot: "^(shared/bus/|test/)" },
      to: { path: "node_modules/kafkajs" },
    },
    {
      name: "sql-behind-the-store",
      severity: "error",
      from: { pathNot: "^(shared/store/|test/)" },
      to: { path: "node_modules/(pg|kysely|@electric-sql)/" },
    },
    {
      name: "prices-behind-one-file",
      severity: "error",
      from: { pathNot: "^(shared/cost/price([.]test)?[.]ts|test/)" },
      to: { path: "node_modules/@pydantic/" },
    },
    {
      name: "no-test-code-in-production",
      severity: "error",
      from: { pathNot: test },
      to: { path: "(^test/|[.]test[.]ts$|node_modules/(vitest|fast-check))" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
