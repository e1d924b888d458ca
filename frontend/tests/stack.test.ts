import { expect, test } from "vitest";
import { ahead, depth, matching, move, type Stack, wheel, within } from "../src/viewer/stack";

const stack = (count: number, positions: number[] = []): Stack => ({
  windows: { soft: { label: "Soft", slices: Array.from({ length: count }, (_, i) => `/${i}`) } },
  positions,
});

test("a slice number stays inside the stack", () => {
  expect(within(-4, stack(10))).toBe(0);
  expect(within(40, stack(10))).toBe(9);
  expect(depth(stack(10))).toBe(10);
});

test("the matching slice is the nearest table position", () => {
  const prior = stack(4, [0, -5, -10, -15]);
  const current = stack(6, [0, -2.5, -5, -7.5, -10, -12.5]);
  expect(matching(prior, 2, current)).toBe(4);
  expect(matching(current, 5, prior)).toBe(2);
});

test("without positions the same share of the way is shown", () => {
  expect(matching(stack(11), 5, stack(101))).toBe(50);
});

test("keys move by one, by ten and to the ends", () => {
  expect(move("ArrowDown", 3, stack(50))).toBe(4);
  expect(move("PageUp", 3, stack(50))).toBe(0);
  expect(move("End", 3, stack(50))).toBe(49);
  expect(move("q", 3, stack(50))).toBeNull();
});

test("wheel travel is gathered until it is worth a slice, and none is lost", () => {
  const first = wheel(0, 25);
  expect(first).toEqual({ steps: 0, rest: 25 });
  expect(wheel(first.rest, 25)).toEqual({ steps: 1, rest: 10 });
  expect(wheel(0, -120)).toEqual({ steps: -3, rest: 0 });
});

test("the nearest slices are fetched first and none outside the stack", () => {
  expect(ahead(0, stack(4), 2)).toEqual([1, 2]);
  expect(ahead(2, stack(10), 2)).toEqual([3, 1, 4, 0]);
});
