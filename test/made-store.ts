import { constants } from "node:fs";
import { cp } from "node:fs/promises";
import { migrateStore } from "../shared/store/open-store.ts";
import { oncePerRun } from "./once-per-run.ts";

/** An empty store with its tables, in a folder: to make one takes seconds, to copy one does not. */
export async function copyMadeStore(to: string): Promise<void> {
  const made = await oncePerRun("store", migrateStore);
  await cp(made, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
}
