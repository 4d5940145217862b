/** The shelf of commands: one export line each. */
export { demo } from "./demo.ts";
export { findings } from "./findings.ts";
export { inventory } from "./inventory.ts";
export { normalize } from "./normalize.ts";
export { policy } from "./policy.ts";
export { rules } from "./rules.ts";
export { scan } from "./scan.ts";
