import { expect, test } from "vitest";
import { step } from "../src/matrix";
import { nextTab } from "../src/tabs";

const filled = [
  [true, true, true],
  [true, false, true],
  [false, false, true],
];

test("arrows move to the neighbour", () => {
  expect(step(filled, { row: 0, column: 0 }, "ArrowRight")).toEqual({ row: 0, column: 1 });
  expect(step(filled, { row: 0, column: 0 }, "ArrowDown")).toEqual({ row: 1, column: 0 });
});

test("cells that do not apply are stepped over", () => {
  expect(step(filled, { row: 1, column: 0 }, "ArrowRight")).toEqual({ row: 1, column: 2 });
});

test("the edge of the matrix holds", () => {
  expect(step(filled, { row: 0, column: 2 }, "ArrowRight")).toBeNull();
  expect(step(filled, { row: 0, column: 1 }, "ArrowDown")).toBeNull();
});

test("Home and End go to the first and last cell of the row", () => {
  expect(step(filled, { row: 2, column: 2 }, "Home")).toEqual({ row: 2, column: 2 });
  expect(step(filled, { row: 0, column: 1 }, "End")).toEqual({ row: 0, column: 2 });
});

test("tabs wrap around", () => {
  expect(nextTab("ArrowRight", 2, 3)).toBe(0);
  expect(nextTab("ArrowLeft", 0, 3)).toBe(2);
  expect(nextTab("a", 0, 3)).toBeNull();
});
