import { expect, it } from "vitest";
import { at, NEXT, saidOf, used } from "../../test/watched-rows.ts";
import { teamLift } from "./team-lift.ts";

const DAYS = 3;

/** Everybody's own steady use; that of the last days is so many percent of it. */
const team = (name: string, members: number, percent: number) =>
  Array.from({ length: members }, (_, member) =>
    Array.from({ length: NEXT + DAYS * 24 }, (_, hour) => {
      const calls = 95 + ((hour * 7 + member) % 11);
      const times = hour < NEXT ? 1 : percent / 100;
      return used(hour, Math.round(calls * times), {
        principal: `${name}-${member}`,
        team: name,
        estimatedNanoUsd: calls * times * 5e7,
      });
    }),
  ).flat();
const said = (members: number, percent: number, others = 100) =>
  saidOf(teamLift, [...team("red", members, percent), ...team("blue", 8, others)]);

it("tells of members who rise together, each within its own habit, and who rose most", async () => {
  const [match, ...more] = await said(6, 130);
  expect(match).toMatchObject({ subject: { resource: "team red" }, level: "low", time: at(NEXT + 23) });
  expect(match?.reason).toMatch(/^Team red spent \$937 in the 24 h to 2026-06-30 00:00 UTC, 1\.3 times the usual/);
  expect(match?.reason).toContain("most of it by red-");
  // And on each day on which that goes on.
  expect(more.map(({ time }) => time)).toEqual([at(NEXT + 47), at(NEXT + 71)]);
});

it("is silent about a few percent, about fewer than four, and about what the whole organization does", async () => {
  expect(await said(6, 105)).toEqual([]);
  expect(await said(3, 130)).toEqual([]);
  expect(await said(6, 130, 130)).toEqual([]);
});
