/** Whose use a known event makes unusual: those it names, and those whose use is part of theirs. */
import type { EpochMs } from "../model/units.ts";
import { compilePatterns } from "../policy/pattern.ts";
import type { KnownEvent } from "../policy/policy.ts";

type Kind = "principal" | "app" | "team";

export interface CompiledEvent {
  readonly times: number | undefined;
  readonly isEverybodys: boolean;
  isAt(time: EpochMs): boolean;
  names(kind: Kind, uid: string): boolean;
}

export function compileEvent({ principals, apps, teams, since, until, times }: KnownEvent): CompiledEvent {
  const named = { principal: principals, app: apps, team: teams };
  const matchers = {
    principal: compilePatterns(principals ?? []),
    app: compilePatterns(apps ?? []),
    team: compilePatterns(teams ?? []),
  };
  return {
    times,
    isEverybodys: Object.values(named).every((names) => names === undefined),
    isAt: (time) => time >= since && time < until,
    names: (kind, uid) => matchers[kind]([uid]) === true,
  };
}

export interface Reach<Series> {
  /** Their use is what the event speaks of. */
  readonly whole: ReadonlySet<Series>;
  /** Apps and teams of which only a part is: how much is then usual, nobody said. */
  readonly part: ReadonlySet<Series>;
}

/** Who works for an app or a team that is named is in it too, and so are in part all that they work for. */
export function reachOf<Series extends { readonly uid: string }>(
  event: CompiledEvent,
  principals: Iterable<Series>,
  aggregates: Readonly<Record<"app" | "team", Iterable<Series & { readonly members: Iterable<Series> }>>>,
): Reach<Series> {
  const whole = new Set<Series>();
  const others: (Series & { readonly members: Iterable<Series> })[] = [];
  for (const principal of principals) if (event.names("principal", principal.uid)) whole.add(principal);
  for (const kind of ["app", "team"] as const)
    for (const aggregate of aggregates[kind]) {
      if (!event.names(kind, aggregate.uid)) others.push(aggregate);
      else for (const reached of [aggregate, ...aggregate.members]) whole.add(reached);
    }
  const part = others.filter(({ members }) => [...members].some((member) => whole.has(member)));
  return { whole, part: new Set<Series>(part) };
}
