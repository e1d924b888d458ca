import { expect, test } from "vitest";
import {
  around,
  arrow,
  between,
  type Box,
  isDrawn,
  moved,
  resized,
  sent,
  showsOn,
  viewOf,
} from "../src/masks/shapes";

const size = { width: 100, height: 80 };
const rect = { left: 10, top: 20, right: 40, bottom: 30 };

test("a drag in any direction gives a rectangle of whole pixels inside the picture", () => {
  expect(between({ x: 50.6, y: 90 }, { x: -4, y: 10.2 }, size)).toEqual({
    left: 0,
    top: 10,
    right: 51,
    bottom: 80,
  });
});

test("a click is no mask", () => {
  expect(isDrawn(between({ x: 5, y: 5 }, { x: 6, y: 6 }, size))).toBe(false);
  expect(isDrawn(rect)).toBe(true);
});

test("a moved mask stops at the edge and keeps its size", () => {
  expect(moved(rect, 500, -500, size)).toEqual({ left: 70, top: 0, right: 100, bottom: 10 });
});

test("a resized mask keeps its corner, stays inside and never vanishes", () => {
  expect(resized(rect, 5, 5, size)).toEqual({ ...rect, right: 45, bottom: 35 });
  expect(resized(rect, 500, 500, size)).toEqual({ ...rect, right: 100, bottom: 80 });
  expect(resized(rect, -500, -500, size)).toEqual({ ...rect, right: 13, bottom: 23 });
});

test("a new mask lies around the middle and inside the picture", () => {
  expect(around({ x: 50, y: 40 }, size)).toEqual({ left: 40, top: 37, right: 60, bottom: 44 });
  expect(around({ x: 0, y: 0 }, size).left).toBe(0);
});

test("arrows move, Control takes ten pixels, Shift resizes, other keys do neither", () => {
  expect(arrow("ArrowLeft", { shift: false, ctrl: false })).toEqual({ dx: -1, dy: 0, resize: false });
  expect(arrow("ArrowDown", { shift: true, ctrl: true })).toEqual({ dx: 0, dy: 10, resize: true });
  expect(arrow("a", { shift: false, ctrl: false })).toBeNull();
});

test("a box shows on its own frame and on the picture of all frames", () => {
  const box: Box = { ...rect, frame: 2, score: 1, state: "mask" };
  expect([showsOn(box, 2), showsOn(box, 1), showsOn(box, -1)]).toEqual([true, false, true]);
  expect(showsOn({ ...box, frame: -1 }, 1)).toBe(true);
});

test("closer views stay inside the picture", () => {
  expect(viewOf(2, { x: 0, y: 0 }, size)).toEqual({ left: 0, top: 0, right: 50, bottom: 40 });
  expect(viewOf(1, { x: 0, y: 0 }, size)).toEqual({ left: 0, top: 0, right: 100, bottom: 80 });
});

test("only accepted masks are sent, without what only the screen needs", () => {
  const box: Box = { ...rect, frame: 0, score: 0.9, state: "proposed" };
  expect(sent([box])).toBe("[]");
  expect(JSON.parse(sent([box, { ...box, state: "mask" }]))).toEqual([{ ...rect, frame: 0 }]);
});
