import { TEXT_VRS } from "./encoding";
import { strip, trimmed } from "./values";

// Python's word characters, digits and white space, so that both engines split alike.
const W = "[\\p{L}\\p{N}_]";
const D = "\\p{Nd}";
const S = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const NS = "[^\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
const LETTER = "[\\p{L}\\p{Nl}\\p{No}]";

export const WORD = /[\p{L}\p{N}]+/gu;
export const CAMEL = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g;
// A nuclide with its mass, whose sign can be a surname too: 177Lu, Lu-177, 201Tl, 18F-FET.
export const NUCLIDE =
  /(?<![\p{L}\p{N}])(?:(?:177|176) ?-?Lu|Lu ?-?17[67]|20[14] ?-?Tl|Tl ?-?20[14]|82 ?-?Rb|Rb ?-?82|18F-?FET|F-?18-?FET)(?![\p{L}\p{N}])/giu;
export const DIGITS = /\p{Nd}+/gu;
export const LETTERS_ONLY = /[\p{L}\p{Nl}\p{No}]+/gu;

const MONTH =
  "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|mai|okt|dez|" +
  "january|february|march|april|june|july|august|september|october|november|december)";
const DAY = `(?:0?[1-9]|[12]${D}|3[01])`;
const MONTH_NUMBER = "(?:0?[1-9]|1[0-2])";
const YEAR = `(?:19|20)${D}{2}`;

export const DATES = new RegExp(
  `(?<![${D}.])(?:${DAY}(?<a>[.\\/\\-])${MONTH_NUMBER}\\k<a>(?:${YEAR}|${D}{2})` +
    `|${MONTH_NUMBER}(?<b>[.\\/\\-])${DAY}\\k<b>(?:${YEAR}|${D}{2})` +
    `|${YEAR}(?<c>[.\\/\\-]?)(?:0[1-9]|1[0-2])\\k<c>(?:0[1-9]|[12]${D}|3[01])(?:${D}{4,6})?` +
    `|(?:0[1-9]|[12]${D}|3[01])(?:0[1-9]|1[0-2])${YEAR})(?!${D}|\\.${D})` +
    `|(?<!${W})${D}{1,2}(?:st|nd|rd|th)?[ .\\/\\-]?${MONTH}[ .,\\/\\-]*(?:(?:19|20)?${D}{2})?(?!${W})` +
    `|(?<!${W})${MONTH}[ .\\-]*${D}{1,2}(?:st|nd|rd|th)?[ ,]+(?:19|20)${D}{2}(?!${W})` +
    `|(?<!${W})${MONTH}[ .,\\-]+(?:19|20)${D}{2}(?!${W})`,
  "giu",
);

export const CONTACTS = new RegExp(
  `(?<!${W}|[.+\\-])(?:${W}|[.+\\-]){1,64}@(?:${W}|-)+(?:\\.(?:${W}|-)+)*|(?:https?|ftp|mailto|file|dicom)s?:${NS}+|www\\.${NS}+` +
    `|(?<!${W})\\+${D}[${D} ()./\\-]{5,}${D}|\\(${D}{2,5}\\)[ \\/\\-]?${D}[${D} \\-]{3,}${D}` +
    `|(?<!${W}|\\.)${D}{3}[\\-. /]${D}{3}[\\-. ]${D}{3,4}(?!${W}|\\.)|(?<!${W}|\\.)${D}{3}-${D}{2}-${D}{4}(?!${W})` +
    `|(?<!${W}|\\.)${D}{3}-${D}{4}(?!${W})|(?<!${W}|\\.)0${D}{1,4}[\\-/ ]${D}{3,}[${D} \\-]*${D}(?!${W})` +
    `|(?<!${W}|\\.)0${D}{1,4}(?:[ ./\\-]${D}{2,4}){3,4}(?!${W}|\\.)` +
    `|(?<!${W}|\\.)${D}{2}(?:[ .\\-]${D}{2}){4}(?!${W}|\\.)|(?<!${W}|\\.)${D}{2}(?: ${D}{2}){3}(?!${W}|\\.)` +
    `|(?<!${W}|\\.)[5-9]${D}{2} ${D}{4}(?!${W}|\\.)` +
    `|(?<!${D})${D}+(?:\\.${D}+){3,}`,
  "gu",
);

/** Telephone numbers that no version, kernel or sequence name looks like. */
export const PHONES = new RegExp(
  `(?<!${W})\\+${D}{1,3}[ ()/\\-]{1,2}${D}[${D} ()/\\-]{5,}${D}|\\(${D}{2,5}\\)[ /\\-]?${D}[${D} \\-]{3,}${D}` +
    `|(?<!${W}|[.\\-])${D}{3}-${D}{3}-${D}{4}(?!${W}|[.\\-])` +
    `|(?<!${W})(?:tel|phone|fon|fax|mobile?)[.: ]+\\+?${D}[${D} ()/.\\-]{4,}${D}`,
  "giu",
);

export const TITLED = new RegExp(
  `(?<!${W})(?:[Dd]r|DR(?=\\.)|[Mm]rs?|MRS?(?=\\.)|[Mm]iss|[Pp]rof|PROF|[Pp]rofessor|[Dd]octor` +
    `|[Hh]errn?|HERR|[Ff]rau|FRAU|Mme|Dott|Drs)(?!${W})` +
    `\\.?[ ^]+${LETTER}+\\.?(?:[ ^]+(?![a-z])${LETTER}[a-zà-ÿ]+\\.?)?`,
  "gu",
);

// --- character sets (PS3.3 C.12.1.1.2, PS3.5 6.1) --------------------------------------------

const LATIN = "latin1";
const ENCODINGS: Record<string, string> = {
  "": LATIN, "ISO_IR 6": LATIN, "ISO_IR 13": "shift_jis", "ISO_IR 100": LATIN, "ISO_IR 101": "iso-8859-2",
  "ISO_IR 109": "iso-8859-3", "ISO_IR 110": "iso-8859-4", "ISO_IR 126": "iso-8859-7",
  "ISO_IR 127": "iso-8859-6", "ISO_IR 138": "iso-8859-8", "ISO_IR 144": "iso-8859-5",
  "ISO_IR 148": "turkish", "ISO_IR 166": "windows-874", "ISO 2022 IR 6": LATIN,
  "ISO 2022 IR 13": "shift_jis", "ISO 2022 IR 87": "iso-2022-jp", "ISO 2022 IR 100": LATIN,
  "ISO 2022 IR 101": "iso-8859-2", "ISO 2022 IR 109": "iso-8859-3", "ISO 2022 IR 110": "iso-8859-4",
  "ISO 2022 IR 126": "iso-8859-7", "ISO 2022 IR 127": "iso-8859-6", "ISO 2022 IR 138": "iso-8859-8",
  "ISO 2022 IR 144": "iso-8859-5", "ISO 2022 IR 148": "turkish", "ISO 2022 IR 149": "euc-kr",
  "ISO 2022 IR 159": "jis-x-0212", "ISO 2022 IR 166": "windows-874", "ISO 2022 IR 58": "gbk-escaped",
  "ISO_IR 192": "utf-8", GB18030: "gb18030", "ISO 2022 GBK": "gbk", "ISO 2022 58": "gbk", GBK: "gbk",
};
const ALONE = new Set(["ISO_IR 192", "GBK", "GB18030"]);
const ESCAPES: Record<string, string> = {
  "(B": LATIN, "-A": LATIN, ")I": "shift_jis", "(J": "shift_jis", "$B": "iso-2022-jp", "-B": "iso-8859-2",
  "-C": "iso-8859-3", "-D": "iso-8859-4", "-F": "iso-8859-7", "-G": "iso-8859-6", "-H": "iso-8859-8",
  "-L": "iso-8859-5", "-M": "turkish", "-T": "windows-874", "$)C": "euc-kr", "$(D": "jis-x-0212",
  "$)A": "gbk-escaped",
};
// These keep their escape sequences: their decoder reads them itself.
const SELF_SWITCHING = new Set(["iso-2022-jp", "jis-x-0212", "gbk-escaped"]);
const TURKISH: Record<number, string> = { 0xd0: "Ğ", 0xdd: "İ", 0xde: "Ş", 0xf0: "ğ", 0xfd: "ı", 0xfe: "ş" };

/** Encodings of a Specific Character Set value; empty for plain ASCII, null when one is unknown. */
export type Charsets = readonly string[] | null;

export function charsetsOf(raw: Uint8Array): Charsets {
  const names = latin1(raw).split("\\").map(trimmed);
  if (names.length === 1 && (names[0] === "" || names[0] === "ISO_IR 6")) return [];
  if (names.some((name) => !(name in ENCODINGS))) return null;
  if (ALONE.has(names[0] as string)) return [ENCODINGS[names[0] as string] as string];
  const usable = names.filter((name, i) => i === 0 || !ALONE.has(name));
  return usable.map((name) => ENCODINGS[name] as string);
}

export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}

export function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80);
}

/** Decodes with one encoding; null when the bytes are not of it. */
function decoded(bytes: Uint8Array, encoding: string): string | null {
  if (encoding === LATIN) return latin1(bytes);
  if (encoding === "turkish") return [...bytes].map((b) => TURKISH[b] ?? String.fromCharCode(b)).join("");
  if (encoding === "jis-x-0212") return null;
  try {
    const label = encoding === "gbk-escaped" ? "gbk" : encoding;
    return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Decodes bytes that need not be text: what is not of the encoding becomes U+FFFD. */
export function roughly(bytes: Uint8Array, encoding: string): string {
  if (encoding === "jis-x-0212") return "";
  if (encoding === LATIN || encoding === "turkish") return decoded(bytes, encoding) ?? "";
  return new TextDecoder(encoding === "gbk-escaped" ? "gbk" : encoding, { ignoreBOM: true }).decode(bytes);
}

/** The text of a value; null when its character set cannot be known or does not fit. */
export function decodeText(value: Uint8Array, vr: string, charsets: Charsets): string | null {
  const escaped = value.includes(0x1b);
  if (isAscii(value) && (!escaped || charsets?.length === 0)) return latin1(value);
  if (!TEXT_VRS.has(vr)) return latin1(value);
  if (charsets === null) return null;
  if (!charsets.length) return decoded(value, "utf-8") ?? latin1(value);
  if (!escaped) return decoded(value, charsets[0] as string);
  const delimiters = new Set(vr === "PN" ? [0x5e] : [0x0d, 0x0a, 0x09, 0x0c]);
  let text = "";
  for (let at = 0; at < value.length; ) {
    let next = value.indexOf(0x1b, at + 1);
    if (next < 0) next = value.length;
    const part = fragment(value.subarray(at, next), charsets, delimiters);
    if (part === null) return null;
    text += part;
    at = next;
  }
  return text;
}

function fragment(bytes: Uint8Array, charsets: readonly string[], delimiters: Set<number>): string | null {
  const first = charsets[0] as string;
  if (bytes[0] !== 0x1b) return decoded(bytes, first);
  const start = latin1(bytes.subarray(1, 4));
  const size = start.startsWith("$(") || start.startsWith("$)") ? 3 : 2;
  const encoding = ESCAPES[start.slice(0, size)];
  if (!encoding || !(charsets.includes(encoding) || encoding === LATIN)) return null;
  if (SELF_SWITCHING.has(encoding)) return decoded(bytes, encoding);
  const rest = bytes.subarray(size + 1);
  const stop = rest.findIndex((byte) => delimiters.has(byte));
  if (stop < 0) return decoded(rest, encoding);
  const before = decoded(rest.subarray(0, stop), encoding);
  const after = decoded(rest.subarray(stop), first);
  return before === null || after === null ? null : before + after;
}

// --- folding --------------------------------------------------------------------------------

const LETTERS: Record<string, string> = {
  ł: "l", ø: "o", đ: "d", ð: "d", þ: "th", æ: "ae", œ: "oe", ı: "i", ħ: "h",
};
const UMLAUTS: Record<string, string> = { ä: "ae", ö: "oe", ü: "ue", å: "aa", ø: "oe" };

const ascii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);

/** Full case folding: by upper case, so that ß, ligatures and final sigma fall together. */
function casefold(text: string): string {
  if (ascii(text)) return text.toLowerCase();
  return [...text]
    .map((letter) => (letter === "ı" || letter === "İ" ? letter.toLowerCase() : letter.toUpperCase().toLowerCase()))
    .join("")
    .replaceAll("ς", "σ");
}

function replaced(text: string, table: Record<string, string>): string {
  return [...text].map((letter) => table[letter] ?? letter).join("");
}

/** Case, accents and compatibility forms fall away. */
export function fold(text: string): string {
  if (ascii(text)) return text.toLowerCase();
  return casefold(replaced(casefold(text), LETTERS).normalize("NFKD").replace(/\p{M}/gu, ""));
}

/** The plain folding, and the one that writes umlauts with an e. */
export function foldings(text: string): string[] {
  const first = fold(text);
  if (ascii(text)) return [first];
  const second = fold(replaced(casefold(text.normalize("NFC")), UMLAUTS));
  return first === second ? [first] : [first, second];
}

export function wordsOf(folded: string): string[] {
  return folded.match(WORD) ?? [];
}

/** Letters and digits only, so that separators do not hide a value. */
export function squash(folded: string): string {
  return wordsOf(folded).join("");
}

export { ascii, S, NS, strip, W };
