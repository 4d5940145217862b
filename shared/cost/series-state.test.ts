import fc from "fast-check";
import { expect, it } from "vitest";
import { steady } from "../../test/bench/cost/steady.ts";
import { copyOf, decodeState, encodeState, newSeries, STATE_VERSION } from "./series-state.ts";

it("fits into one kilobyte", () => {
  expect(encodeState(newSeries(1)).byteLength).toBeLessThanOrEqual(1_024);
});

it("comes back from the row as it went in, number by number", () => {
  const state = steady(12);
  const back = decodeState(encodeState(state), STATE_VERSION);
  expect(back?.values).toEqual(state.values);
  fc.assert(
    fc.property(fc.float32Array({ minLength: 256, maxLength: 256 }), (values) => {
      const any = newSeries(0);
      any.values.set(values);
      expect(decodeState(encodeState(any), STATE_VERSION)?.values).toEqual(any.values);
    }),
  );
});

it("refuses bytes of another layout", () => {
  const bytes = encodeState(newSeries(1));
  expect(decodeState(bytes, STATE_VERSION + 1)).toBeUndefined();
  expect(decodeState(bytes.subarray(4), STATE_VERSION)).toBeUndefined();
});

it("keeps fields and arrays apart", () => {
  const state = newSeries(5);
  state.answerTailWeight = 3;
  state.profile[0] = 7;
  state.sizes[27] = 9;
  expect([state.answerTailWeight, state.profile[0], state.sizes[27], state.firstHour]).toEqual([3, 7, 9, 5]);
  const copy = copyOf(state);
  copy.profile[0] = 8;
  copy.firstHour = 6;
  expect([state.profile[0], state.firstHour, copy.profile[0], copy.firstHour]).toEqual([7, 5, 8, 6]);
});
