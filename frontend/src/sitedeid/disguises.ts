import { latin1 } from "./text";

// Texts written as codes: base64, hexadecimal and decimal digits, percent signs, numbered signs. What
// was encoded may begin anywhere in a run of such signs: base64 is read from each of four starts,
// digits from two.
const SHORTEST = 6;
// Both alphabets of RFC 4648, over the ends of lines.
const BASE64 = /[A-Za-z0-9+/_-]{6,}(?:\r?\n[A-Za-z0-9+/_-]+)*={0,2}/g;
// Four bytes and more, alone or in groups with a sign or two between them: 4B 6F 77 61, 0x4b,0x6f.
const HEX =
  /[0-9A-Fa-f]{8,}|(?<![A-Za-z0-9])(?:0[xX])?[0-9A-Fa-f]{2,7}(?:[ ,:;._%=-]{1,2}(?:0[xX])?[0-9A-Fa-f]{2,}(?![A-Za-z0-9]))+/g;
// The numbers of five signs and more: 75 111 119 97 108, 075,111,119,097,108.
const DECIMAL = /(?<![A-Za-z0-9_.])[012]?[0-9]{2}(?:[ ,;\\]{1,2}[012]?[0-9]{2}){4,}(?![A-Za-z0-9_.])/g;
// Words, and written signs in them: M%C3%BCller, M=C3=BCller, M&#252;ller, M&uuml;ller.
const WORDS = /[^ \t\r\n]+/g;
const LINES = /[^\r\n]+/g;
const MARK = /[%=][0-9A-Fa-f]{2}|&#?[A-Za-z0-9_]{1,8};/;
const NUMBERED = /&#(?:[xX]([0-9A-Fa-f]{1,6})|([0-9]{1,7}));/g;
const NAMED = /&([A-Za-z])[A-Za-z]{1,7};/g;
const UTF_8 =
  /(?:[\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+/g;
const LATIN = /[\x20-\x7e\xc0-\xff]+/g;
const SHORTEST_RUN = 4;
const SHORTEST_HEX = 8;
const LAST_SIGN = 0x10ffff;
const LAST_BYTE = 0xff;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

type Span = [number, number];

/** The spans of a text that, decoded, hold what `tells` knows; none overlap. */
export function disguised(text: string, tells: (decoded: string) => boolean): Span[] {
  if (text.length < SHORTEST) return [];
  const spans: Span[] = [];
  for (const [pattern, read] of READERS) {
    for (const match of text.matchAll(pattern)) {
      if (read(match[0]).some(tells)) spans.push([match.index, match.index + match[0].length]);
    }
  }
  // Words that are told together only: H=E1=BA=BBm Sen.
  for (const line of text.matchAll(LINES)) {
    const [start, end] = [line.index, line.index + line[0].length];
    const isTold = spans.some(([first, last]) => first < end && start < last);
    if (!isTold && !tells(line[0]) && fromMarks(line[0]).some(tells)) spans.push([start, end]);
  }
  spans.sort(([one, end], [other, last]) => one - other || end - last);
  const apart: Span[] = [];
  for (const [start, end] of spans) {
    const before = apart.at(-1);
    if (before && start < before[1]) before[1] = Math.max(before[1], end);
    else apart.push([start, end]);
  }
  return apart;
}

function fromBase64(run: string): string[] {
  const signs = run.replace(/[\r\n=]/g, "").replaceAll("-", "+").replaceAll("_", "/");
  const found: string[] = [];
  for (let start = 0; start < 4; start += 1) {
    const part = signs.slice(start);
    const length = part.length % 4 === 1 ? part.length - 1 : part.length;
    if (length >= SHORTEST) found.push(...textsOf(bytesOf(part.slice(0, length))));
  }
  return found;
}

/** The bytes of base64 without its filling, one letter each. */
function bytesOf(signs: string): string {
  let [bytes, bits, held] = ["", 0, 0];
  for (const sign of signs) {
    held = ((held << 6) | ALPHABET.indexOf(sign)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += String.fromCharCode((held >> bits) & 0xff);
  }
  return bytes;
}

function fromHex(run: string): string[] {
  const digits = run.replace(/0[xX]|[^0-9A-Fa-f]+/g, "");
  if (digits.length < SHORTEST_HEX) return [];
  return [0, 1].flatMap((start) => {
    const pairs = digits.slice(start).match(/../g) ?? [];
    return textsOf(pairs.map((pair) => String.fromCharCode(Number.parseInt(pair, 16))).join(""));
  });
}

function fromDecimals(run: string): string[] {
  const numbers = (run.match(/[0-9]+/g) ?? []).map(Number);
  return Math.max(...numbers) <= LAST_BYTE ? textsOf(String.fromCharCode(...numbers)) : [];
}

function fromMarks(run: string): string[] {
  if (!MARK.test(run)) return [];
  const plain = run
    .replace(NUMBERED, (_, hex: string | undefined, decimal: string) => {
      const number = Number.parseInt(hex ?? decimal, hex ? 16 : 10);
      return number <= LAST_SIGN ? String.fromCodePoint(number) : "";
    })
    .replace(NAMED, "$1");
  const bytes = latin1(new TextEncoder().encode(plain)).replaceAll("=", "%");
  const unquoted = bytes.replace(/%([0-9A-Fa-f]{2})/g, (_, pair: string) => String.fromCharCode(Number.parseInt(pair, 16)));
  const raw = Uint8Array.from(unquoted, (letter) => letter.charCodeAt(0));
  const read = new TextDecoder("utf-8", { ignoreBOM: true }).decode(raw);
  return [...(plain === run ? [] : [plain]), read, unquoted];
}

/** Texts in decoded bytes: UTF-8, Latin-1, and letters of two bytes each. */
function textsOf(bytes: string): string[] {
  const found: string[] = [];
  for (const run of bytes.match(UTF_8) ?? []) {
    if (run.length >= SHORTEST_RUN) {
      const raw = Uint8Array.from(run, (letter) => letter.charCodeAt(0));
      found.push(new TextDecoder("utf-8", { ignoreBOM: true }).decode(raw).replaceAll("\ufffd", ""));
    }
  }
  if (/[\x80-\xff]/.test(bytes)) {
    for (const run of bytes.match(LATIN) ?? []) {
      if (run.length >= SHORTEST_RUN && /[\x80-\xff]/.test(run)) found.push(run);
    }
  }
  if (bytes.includes("\0")) found.push(...(bytes.replaceAll("\0", "").match(/[\x20-\x7e]{4,}/g) ?? []));
  return found;
}

const READERS: [RegExp, (run: string) => string[]][] = [
  [BASE64, fromBase64],
  [HEX, fromHex],
  [DECIMAL, fromDecimals],
  [WORDS, fromMarks],
];
