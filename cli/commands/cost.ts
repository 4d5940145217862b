import type { Command } from "commander";
import { addAdvice } from "../cost/advice.ts";
import { addBudgets } from "../cost/budgets.ts";
import { addGrowth } from "../cost/growth.ts";
import { addReconciliation } from "../cost/reconciliation.ts";
import { addReplay } from "../cost/replay.ts";
import { addSpend } from "../cost/spend.ts";
import { addUnits } from "../cost/units.ts";
import type { Door } from "../door.ts";

export function cost(program: Command, door: Door): void {
  const command = program
    .command("cost")
    .description("what use of models costs: by anything, over any period, against budgets and bills")
    .enablePositionalOptions();
  addSpend(command, door);
  addBudgets(command, door);
  addUnits(command, door);
  addGrowth(command, door);
  addReconciliation(command, door);
  addAdvice(command, door);
  addReplay(command, door);
}
