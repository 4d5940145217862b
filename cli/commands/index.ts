/** The shelf of commands: one export line each, in the order of `gnomon --help`. */

export { collect } from "./collect.ts";
export { cost } from "./cost.ts";
export { demo } from "./demo.ts";
export { doctor } from "./doctor.ts";
export { findings } from "./findings.ts";
export { init } from "./init.ts";
export { inventory } from "./inventory.ts";
export { migrate } from "./migrate.ts";
export { normalize } from "./normalize.ts";
export { policy } from "./policy.ts";
export { rejects } from "./rejects.ts";
export { rules } from "./rules.ts";
export { scan } from "./scan.ts";
export { sinks } from "./sinks.ts";
export { up } from "./up.ts";
export { worker } from "./worker.ts";
