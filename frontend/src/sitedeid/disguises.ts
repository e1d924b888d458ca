import { ascii, latin1 } from "./text";

// Texts written as codes: base64, hexadecimal and decimal digits, percent signs, numbered signs. What
// was encoded may begin anywhere in a run of such signs: base64 is read from each of four starts,
// digits from two. What was decoded may be a code again. Letters of UTF-8 that were read by another
// character set, once or more often, are put right: MÃ¼ller, M├╝ller.
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
const SHORTEST_CODE = 8;
// How often a text may have been encoded by signs, or read by a wrong character set.
const ROUNDS = 3;
const FIRST_UPPER = 0x80;
const LAST_SIGN = 0x10ffff;
const LAST_BYTE = 0xff;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Code pages 437 and 850, of which no browser knows a decoder.
const DOS =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\xa0";
const DOS_LATIN =
  "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\xad±‗¾¶§÷¸°¨·¹³²■\xa0";
const UPPER_HALF = Uint8Array.from({ length: 0x100 - FIRST_UPPER }, (_, n) => FIRST_UPPER + n);

/** Letters beyond ASCII of single-byte character sets, and their bytes. */
function page(...texts: string[]): ReadonlyMap<string, number> {
  return new Map(texts.flatMap((text) => [...text].map((sign, n): [string, number] => [sign, FIRST_UPPER + n])));
}

// What UTF-8 is read by: Latin-1 and its Windows form, DOS (United States, Western Europe), Mac.
const PAGES = [
  page(latin1(UPPER_HALF), new TextDecoder("windows-1252").decode(UPPER_HALF)),
  page(DOS),
  page(DOS_LATIN),
  page(new TextDecoder("macintosh").decode(UPPER_HALF)),
];

function signs(first: number, last: number): string {
  const found = PAGES.flatMap((one) => [...one].filter(([, byte]) => first <= byte && byte <= last));
  return [...new Set(found.map(([sign]) => sign))].join("");
}

// The first two signs of a letter of UTF-8 that was read by one of the pages; none needs an escape.
const MISREAD = new RegExp(`[${signs(0xc2, 0xf4)}][${signs(0x80, 0xbf)}]`, "u");
const LETTER_OF_UTF_8 = /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}/;

type Span = [number, number];

/** The spans of a text that, decoded, hold what `tells` knows; none overlap. */
export function disguised(text: string, tells: (decoded: string) => boolean): Span[] {
  if (text.length < SHORTEST) return [];
  const spans: Span[] = [];
  for (const [pattern, read] of READERS) {
    for (const match of text.matchAll(pattern)) {
      const isTold = read(match[0]).some((decoded) => layers(decoded).some(tells));
      if (isTold) spans.push([match.index, match.index + match[0].length]);
    }
  }
  if (!ascii(text)) {
    for (const word of text.matchAll(WORDS)) {
      if (misread(word[0]).some(tells)) spans.push([word.index, word.index + word[0].length]);
    }
  }
  // Words that are told together only: H=E1=BA=BBm Sen.
  for (const line of text.matchAll(LINES)) {
    const [start, end] = [line.index, line.index + line[0].length];
    const isTold = spans.some(([first, last]) => first < end && start < last);
    if (!isTold && !tells(line[0]) && rewritten(line[0]).some(tells)) spans.push([start, end]);
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

/** Readings of a text whose letters are written as signs or were read by a wrong set. */
export function rewritten(text: string): string[] {
  return [...misread(text), ...fromMarks(text).flatMap((read) => [read, ...misread(read)])];
}

/** Readings of letters of UTF-8 that were read by another character set, however often. */
function misread(text: string, rounds = ROUNDS): string[] {
  if (!rounds || ascii(text) || !MISREAD.test(text)) return [];
  return PAGES.flatMap((one) => {
    const bytes = [...text].map((sign) => (ascii(sign) ? sign : String.fromCharCode(one.get(sign) ?? 0x3f))).join("");
    if (!LETTER_OF_UTF_8.test(bytes)) return [];
    const raw = Uint8Array.from(bytes, (letter) => letter.charCodeAt(0));
    const read = new TextDecoder("utf-8", { ignoreBOM: true }).decode(raw);
    return [read, ...misread(read, rounds - 1)];
  });
}

/** A decoded text, and what it holds where it is a code again. */
function layers(decoded: string): string[] {
  const found = [decoded, ...misread(decoded)];
  if (decoded.length >= SHORTEST_CODE && ascii(decoded)) {
    for (const [pattern, read] of READERS) {
      for (const match of decoded.matchAll(pattern)) found.push(...read(match[0]));
    }
  }
  return found;
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

function fromMarks(run: string, rounds = ROUNDS): string[] {
  if (!rounds || !MARK.test(run)) return [];
  const plain = run
    .replace(NUMBERED, (_, hex: string | undefined, decimal: string) => {
      const number = Number.parseInt(hex ?? decimal, hex ? 16 : 10);
      return number <= LAST_SIGN ? String.fromCodePoint(number) : "";
    })
    .replace(NAMED, (name, first: string) => (name.toLowerCase() === "&amp;" ? "&" : first));
  const bytes = latin1(new TextEncoder().encode(plain)).replaceAll("=", "%");
  const unquoted = bytes.replace(/%([0-9A-Fa-f]{2})/g, (_, pair: string) => String.fromCharCode(Number.parseInt(pair, 16)));
  const raw = Uint8Array.from(unquoted, (letter) => letter.charCodeAt(0));
  const read = new TextDecoder("utf-8", { ignoreBOM: true }).decode(raw);
  const changed = [plain, read, unquoted].filter((one) => one !== run);
  return changed.flatMap((one) => [one, ...fromMarks(one, rounds - 1)]);
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
