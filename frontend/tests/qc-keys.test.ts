import { describe, expect, it } from "vitest";
import { actOf, nextOpen, step } from "../src/qc/keys";

describe("keys of the workbench", () => {
  it("mean the same in upper case", () => {
    expect(actOf("J", false, false)).toEqual({ kind: "finding", by: 1 });
  });
  it("mean nothing while somebody types or holds a modifier", () => {
    expect(actOf("p", false, true)).toBeNull();
    expect(actOf("p", true, false)).toBeNull();
  });
  it("leave other keys alone", () => {
    expect(actOf("Enter", false, false)).toBeNull();
    expect(actOf("1", false, false)).toBeNull();
  });
  it("step through a list without wrapping", () => {
    expect([step(-1, 1, 3), step(-1, -1, 3), step(2, 1, 3), step(0, -1, 3), step(-1, 1, 0)]).toEqual([0, 2, 2, 0, -1]);
  });
  it("go to the next missing answer, then to the first missing one", () => {
    expect(nextOpen([true, false, true, false], 1)).toBe(3);
    expect(nextOpen([false, true, true], 2)).toBe(0);
    expect(nextOpen([true, true], 0)).toBe(-1);
  });
});
