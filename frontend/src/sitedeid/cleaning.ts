import type { Rules } from "./plan";
import { ascii, CONTACTS, DATES, fold, S, TITLED, W, WORD } from "./text";
import type { Tokens } from "./tokens";

const GAP = "\ufffc";
const DECIMAL = new RegExp(`(?<!${W}|\\.)\\p{Nd}{1,4}[.,]\\p{Nd}{1,6}(?!${W}|\\.\\p{Nd})`, "gu");
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g;
const NOT_WORD = "[^\\p{L}\\p{N}_]";
const EMPTY_PAIR = new RegExp(
  `\\(${NOT_WORD}*\\)|\\[${NOT_WORD}*\\]|\\{${NOT_WORD}*\\}|<${NOT_WORD}*>|"${S}*"|'${S}*'`,
  "gu",
);
const MARKS = `(?:(?![()\\[\\]+*<>%])(?!${S})${NOT_WORD})+`;
const LOOSE = new RegExp(`(?:(?<=${S})|^)${MARKS}(?=${S}|$)`, "gu");
const AROUND = `(?:(?![()\\[\\]+*])(?!${S})${NOT_WORD})*`;
const GAPS = new RegExp(`${AROUND}${GAP}(?:${AROUND}${GAP})*(?:'s(?!${W}))?`, "gu");
const BLANKS = new RegExp(`(?:(?!\\n)${S})+`, "gu");
const ENDS = /^[ ^,;:/\\\-_=.&'"\n\r]+|[ ^,;:/\\\-_=.&'"\n\r]+$/g;
const NONE: ReadonlySet<string> = new Set();

/** Cleans texts against the identity of one upload. */
export class TextCleaner {
  constructor(
    private readonly rules: Rules,
    private readonly tokens: Tokens,
  ) {}

  /** The text unchanged, or cleaned when it holds identity or control characters. */
  technical(text: string): string {
    const suspicious =
      text.search(CONTROL) >= 0 || this.tokens.hit(text) || text.includes("@") || text.includes("://");
    return suspicious ? this.free(text, this.rules.makers) : text;
  }

  /** The text with every word removed that is not known to be harmless. */
  free(text: string, also: ReadonlySet<string> = NONE): string {
    let plain = text.replace(CONTROL, " ");
    for (const pattern of [CONTACTS, DATES, TITLED]) plain = plain.replace(pattern, GAP);
    const decimals = [...plain.matchAll(DECIMAL)].map((m): [number, number] => [m.index, m.index + m[0].length]);
    let changed = plain !== text;
    let out = "";
    let last = 0;
    for (const match of plain.matchAll(WORD)) {
      out += plain.slice(last, match.index);
      last = match.index + match[0].length;
      const inside = decimals.some(([start, end]) => start <= match.index && match.index < end);
      if (inside || this.isKnown(fold(match[0]), also)) out += match[0];
      else {
        changed = true;
        out += GAP;
      }
    }
    out += plain.slice(last);
    const result = changed ? tidy(out) : text;
    return this.tokens.hit(result) ? "" : result;
  }

  private isKnown(word: string, also: ReadonlySet<string>): boolean {
    const { patient, people, numbers } = this.tokens;
    if (patient.has(word) || people.has(word)) return false;
    if (/^\p{Nd}+$/u.test(word)) {
      return word.length <= 4 && !numbers.has(word) && !/^(?:19\p{Nd}{2}|20[0-3]\p{Nd})$/u.test(word);
    }
    if (this.rules.vocabulary.has(word) || also.has(word)) return true;
    if ([...word].length === 1) return ascii(word);
    return this.isLetterNumber(word);
  }

  private isLetterNumber(word: string): boolean {
    const { vocabulary } = this.rules;
    const unit = /^(\p{Nd}{1,4})([a-z]{1,6})$/u.exec(word);
    if (unit) return unit[2]?.length === 1 || vocabulary.has(unit[2] as string);
    const mixed = /^([a-z]+)(\p{Nd}{1,4})([a-z]{0,4})$/u.exec(word);
    if (mixed) {
      const [, letters = "", digits = "", suffix = ""] = mixed;
      const short = letters.length <= 2 && digits.length <= 2;
      return (short || vocabulary.has(letters)) && (suffix.length <= 1 || vocabulary.has(suffix));
    }
    return /^(?:\p{Nd}{1,4}(?:x\p{Nd}{1,4})+[a-z]{0,2}|\p{Nd}{1,2}p\p{Nd}{1,3})$/u.test(word);
  }
}

/** Closes the gaps that removed words leave. */
function tidy(text: string): string {
  return text
    .replace(GAPS, GAP)
    .replaceAll(GAP, " ")
    .replace(EMPTY_PAIR, " ")
    .replace(LOOSE, " ")
    .replace(BLANKS, " ")
    .replace(ENDS, "");
}
