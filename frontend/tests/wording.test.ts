import { expect, test } from "vitest";
import { bytes, count, duration, signatureTime, timeOfDay, zone } from "../src/wording";

test("numbers have thousands and a real minus sign", () => {
  expect(count(1204)).toBe("1,204");
  expect(count(-7)).toBe("−7");
});

test("bytes are named in the unit a person would use", () => {
  expect(bytes(999)).toBe("999 B");
  expect(bytes(9_000)).toBe("9 kB");
  expect(bytes(319_000_000)).toBe("319 MB");
  expect(bytes(1_230_000_000)).toBe("1.2 GB");
});

test("time left is said in seconds, minutes, then hours", () => {
  expect(duration(8)).toBe("8 s");
  expect(duration(360)).toBe("6 min");
  expect(duration(4800)).toBe("1 h 20 min");
  expect(duration(Number.POSITIVE_INFINITY)).toBe("time left not known yet");
});

test("zones are written as offsets", () => {
  expect(zone(0)).toBe("(UTC)");
  expect(zone(60)).toBe("(UTC+1)");
  expect(zone(330)).toBe("(UTC+5:30)");
  expect(zone(-180)).toBe("(UTC−3)");
});

test("a moment is shown at the offset of the person, not of the browser", () => {
  const moment = new Date("2026-03-05T23:30:05Z");
  expect(timeOfDay(moment, 60)).toBe("00:30:05 (UTC+1)");
  expect(signatureTime(moment, 60)).toBe("06 Mar 2026 00:30:05 (UTC+1)");
});
