export const STAND_IN = "REMOVED";

const PER_YEAR: Record<string, number> = { D: 365.25, W: 52.18, M: 12, Y: 1 };
// What Python calls white space, so that both engines trim alike.
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const EDGES = new RegExp(`^${SPACE}+|${SPACE}+$`, "gu");
const TEXT_STAND_INS: Record<string, string> = {
  DA: "19000101", DT: "19000101", TM: "000000", DS: "0 ", IS: "0 ", AS: "000Y",
  // Long Code Value is for codes of more than 16 characters (PS3.3 8.1).
  UC: "REMOVED BY PROFILE",
  // The UUID of zeros (RFC 9562): a URN that names nothing.
  UR: "urn:uuid:00000000-0000-0000-0000-000000000000",
};
const ZEROS: Record<string, number> = {
  US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8, UV: 8, SV: 8, AT: 4, OB: 2, OW: 2, UN: 2, OF: 4, OD: 8, OL: 4, OV: 8,
};

export function strip(text: string): string {
  return text.replace(EDGES, "");
}

type Get = (view: DataView, at: number) => number | bigint;
// Numbers that are large enough to hold an identifier, by VR: bytes, and how one is read.
const NUMERIC: Record<string, [number, Get]> = {
  UL: [4, (view, at) => view.getUint32(at, true)],
  SL: [4, (view, at) => view.getInt32(at, true)],
  UV: [8, (view, at) => view.getBigUint64(at, true)],
  SV: [8, (view, at) => view.getBigInt64(at, true)],
  FL: [4, (view, at) => view.getFloat32(at, true)],
  FD: [8, (view, at) => view.getFloat64(at, true)],
};

// Longer lists are measurements.
const MOST_NUMBERS = 64;

/** Whether a text is one number, not digits in groups such as `770-88-1234`. */
export const isPlainNumber = (text: string): boolean => /^[+-]?\p{Nd}*\.?\p{Nd}*(?:[eE][+-]?\p{Nd}{1,3})?$/u.test(text);

export const isNumeric = (vr: string): boolean => vr in NUMERIC;

/** The whole numbers of a binary numeric value as digits; none for other types and for long lists. */
export function numbersOf(vr: string, value: Uint8Array): string[] {
  const how = NUMERIC[vr];
  if (!how) return [];
  const [size, get] = how;
  if (value.length > MOST_NUMBERS * size) return [];
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const found: string[] = [];
  for (let at = 0; at + size <= value.length; at += size) {
    const one = get(view, at);
    if (typeof one === "bigint" || Number.isInteger(one)) found.push(BigInt(one).toString());
  }
  return found;
}

const DAY = /^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{6})?$/;

/** Whether a number can be seconds since 1970 between 1980 and 2050, or a day as digits. */
export function isInstant(number: string): boolean {
  const digits = strip(number).split(".")[0] ?? "";
  if (!/^\d+$/.test(digits)) return false;
  const seconds = [9, 10].includes(digits.length) && Number(digits) >= 315_532_800 && Number(digits) < 2_524_608_000;
  return seconds || DAY.test(digits);
}

/** A valid value without meaning, for attributes that must not be empty. */
export function standIn(vr: string): Uint8Array {
  const zeros = ZEROS[vr];
  if (zeros) return new Uint8Array(zeros);
  return new TextEncoder().encode(TEXT_STAND_INS[vr] ?? STAND_IN);
}

function moved(year: string, month: string, day: string, days: number): string | null {
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const real =
    Number(year) >= 1 && date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (!real || date.getUTCFullYear() !== Number(year)) return null;
  date.setUTCDate(date.getUTCDate() + days);
  const shifted = date.getUTCFullYear();
  if (shifted < 1 || shifted > 9999) return null;
  const two = (part: number): string => String(part).padStart(2, "0");
  return `${String(shifted).padStart(4, "0")}${two(date.getUTCMonth() + 1)}${two(date.getUTCDate())}`;
}

/** A DA value moved by days; null when it is not a date (PS3.5 6.2, and the retired dots). */
export function shiftDate(value: string, days: number): string | null {
  const found = /^(\d{4})[.]?(\d{2})[.]?(\d{2})$/.exec(strip(value));
  return found ? moved(found[1] as string, found[2] as string, found[3] as string, days) : null;
}

/** The date part of a DT value moved by days, keeping its precision, time and zone. */
export function shiftDateTime(value: string, days: number): string | null {
  const found = /^(\d{4})(\d{2})?(\d{2})?(\d{0,6}(?:\.\d{1,6})?(?:[+-]\d{4})?)$/.exec(strip(value));
  if (!found) return null;
  const [, year = "", month, day, rest = ""] = found;
  const date = moved(year, month ?? "01", day ?? "01", days);
  if (date === null) return null;
  return date.slice(0, 4 + (month ? 2 : 0) + (day ? 2 : 0)) + rest;
}

/** Whether every value is a TM (PS3.5 6.2, and the retired colons). */
export function isTime(value: string): boolean {
  const parts = value.split("\\").map(strip).filter((part) => part);
  return parts.every((part) => /^\d{2}(?::?\d{2}(?::?\d{2}(?:\.\d{1,9})?)?)?$/.test(part));
}

/** An AS value, no higher than `years`; null when it is not an age. */
export function capAge(value: string, years: number): string | null {
  const found = /^(\d{1,3})([DWMY])$/.exec(strip(value));
  if (!found) return null;
  const tooOld = Number(found[1]) / (PER_YEAR[found[2] as string] as number) >= years;
  const three = (number: number): string => String(number).padStart(3, "0");
  return tooOld ? `${three(years)}Y` : `${three(Number(found[1]))}${found[2]}`;
}

export function isNumber(value: string): boolean {
  return /^[0-9+\-.eE \\]*$/.test(trimmed(value));
}

export function isCode(value: string): boolean {
  return /^[A-Z0-9_ \\/.+()-]*$/.test(trimmed(value));
}

/** Without the zeros and blanks that pad a value. */
export function trimmed(text: string): string {
  return text.replace(/^[\0 ]+|[\0 ]+$/g, "");
}

export function trimmedEnd(text: string): string {
  return text.replace(/[\0 ]+$/, "");
}
