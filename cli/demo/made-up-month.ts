/** The whole month: what is ordinary, what is planted, and what all of it is billed. */
import { billsOf } from "./bills.ts";
import { costIncidents } from "./cost-incidents.ts";
import type { Happening } from "./happening.ts";
import type { Incident } from "./incident.ts";
import { ordinaryMonth } from "./month.ts";
import type { Random } from "./random.ts";
import { useIncidents } from "./use-incidents.ts";

export function madeUpMonth(random: Random): {
  readonly planted: readonly Incident[];
  readonly happenings: readonly Happening[];
} {
  const planted = [...useIncidents(random), ...costIncidents(random)];
  const instead = planted.flatMap((incident) => incident.instead ?? []);
  const happened = [
    ...ordinaryMonth(random).map((ordinary) => instead.reduce((happening, change) => change(happening), ordinary)),
    ...planted.flatMap(({ happenings }) => happenings),
  ];
  return { planted, happenings: [...happened, ...billsOf(happened)] };
}
