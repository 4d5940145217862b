/** `memory`, a folder, or a `postgres://` URL → the store there. What is not used is not loaded. */
import { PipelineError } from "../model/errors.ts";
import type { LastingStore } from "./books.ts";
import { openMemoryStore } from "./memory-store.ts";
import { overflowingStore } from "./overflowing-store.ts";
import type { Store } from "./store.ts";

type Place = { readonly memory: true } | { readonly folder: string } | { readonly url: string };

/** Throws `config-invalid` for what is none of the three. */
function placeOf(where: string): Place {
  if (where === "memory") return { memory: true };
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(where)?.[1]?.toLowerCase();
  if (scheme === "postgres" || scheme === "postgresql") {
    if (URL.canParse(where)) return { url: where };
    throw new PipelineError("config-invalid", "store: the Postgres URL cannot be read");
  }
  if (where !== "" && scheme === undefined) return { folder: where };
  const got = scheme ? `${scheme}://…` : "nothing";
  throw new PipelineError("config-invalid", `store: expected memory, a folder or a postgres:// URL, got ${got}`);
}

/** About 2 kB each: what a process of 400 MB holds beside itself. */
const HELD_IN_MEMORY = 40_000;

async function openTemporaryStore(): Promise<Store> {
  const { openTemporaryPgliteStore } = await import("./pglite-store.ts");
  return openTemporaryPgliteStore();
}

/** A folder is brought to the tables this version needs; a server has to have them: see `migrateStore`. */
export async function openStore(where: string): Promise<Store> {
  const place = placeOf(where);
  if ("memory" in place) return overflowingStore(openMemoryStore(), openTemporaryStore, HELD_IN_MEMORY);
  if ("folder" in place) return (await import("./pglite-store.ts")).openPgliteStore(place.folder);
  return (await import("./postgres-store.ts")).openPostgresStore(place.url);
}

/** A store with books, for what runs and goes on. Throws `config-invalid` for one that lives in memory. */
export async function openLastingStore(where: string): Promise<LastingStore> {
  const place = placeOf(where);
  if ("memory" in place) {
    throw new PipelineError(
      "config-invalid",
      "store: what runs needs a store that lasts: a folder or postgres://…",
    );
  }
  if ("folder" in place) return (await import("./pglite-store.ts")).openPgliteStore(place.folder);
  return (await import("./postgres-store.ts")).openPostgresStore(place.url);
}

/** The migrations applied by name; none where the store was up to date. */
export async function migrateStore(where: string): Promise<readonly string[]> {
  const place = placeOf(where);
  if ("memory" in place) return [];
  if ("folder" in place) return (await import("./pglite-store.ts")).migratePglite(place.folder);
  return (await import("./postgres-store.ts")).migratePostgres(place.url);
}
