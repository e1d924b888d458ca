import type { Rules } from "./plan";
import { ascii, CAMEL, CONTACTS, DATES, fold, NUCLIDE, PHONES, S, TITLED, W, WORD, wordsOf } from "./text";
import type { Tokens } from "./tokens";

const GAP = "\ufffc";
const DECIMAL = new RegExp(`(?<!${W}|\\.)\\p{Nd}{1,4}[.,]\\p{Nd}{1,6}(?!${W}|\\.\\p{Nd})`, "gu");
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g;
// Signs without width, put between letters to split a word: closed up, not made into spaces.
const NO_WIDTH = /[\xad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/g;
const WIDE = /[\uff01-\uff5e]/;
// A word letter by letter: S m y t h e, Z-O-E-Y, W_a_n_g.
const SPELLED = new RegExp("(?<![\\p{L}\\p{N}])(?:\\p{L}[ ._-]){3,}\\p{L}(?![\\p{L}\\p{N}])", "gu");
// An age of 90 and more, in words: of such people there are few.  90Y is a nuclide.
const OLD = new RegExp(
  `(?<!${W}|\\.)(?:0?9\\p{Nd}|1[0-2]\\p{Nd})[ \\-]?(?:y[\\/.]?o|yrs?|years?|jahre|ans)(?!${W})|(?<!${W})09\\p{Nd}Y(?!${W})`,
  "giu",
);
// Signs written as codes: %C3%A9, &#233;.
const WRITTEN_SIGNS = new RegExp(`(?:%[0-9A-Fa-f]{2}){2,}|&(?:#${W}{1,8}|[A-Za-z]{2,8});`, "gu");
const NOT_WORD = "[^\\p{L}\\p{N}_]";
const EMPTY_PAIR = new RegExp(
  `\\(${NOT_WORD}*\\)|\\[${NOT_WORD}*\\]|\\{${NOT_WORD}*\\}|<${NOT_WORD}*>|"${S}*"|'${S}*'`,
  "gu",
);
const MARKS = `(?:(?![()\\[\\]+*<>%])(?!${S})${NOT_WORD})+`;
const LOOSE = new RegExp(`(?:(?<=${S})|^)${MARKS}(?=${S}|$)`, "gu");
const SIGN = `(?![()\\[\\]+*])(?!${S})${NOT_WORD}`;
const AROUND = `(?:${SIGN})*`;
// From the start of a run of signs to its last gap: a run is read once, however long it is.
const GAPS = new RegExp(`(?<!${SIGN})${AROUND}${GAP}(?:${AROUND}${GAP})*(?:'s(?!${W}))?`, "gu");
const BLANKS = new RegExp(`(?:(?!\\n)${S})+`, "gu");
const ENDS = /^[ ^,;:/\\\-_=.&'"\n\r]+|[ ^,;:/\\\-_=.&'"\n\r]+$/g;
// After these words a four-digit number is a value: JPEG 2000, b 2000, TR 2000.
const BEFORE_A_VALUE = new RegExp(`(?:jpeg|jp|b|bval|bvalue|bvalues|tr|ti|hu|to)(?:${S}|[=_:\\-])*$`, "u");
// Letters that no machine sets, units apart (also what a wrong character set makes of a name).
const FOREIGN = /(?![\x00-\x7f\xb5\u03bc\u03a9])[\p{L}\p{Nl}\p{No}]/gu;
// The first follow-up: the word alone is a surname.
const FOLLOW_UP = /(?<![\p{L}\p{N}])(?:FU|fu) ?\p{Nd}{1,2}(?![\p{L}\p{N}])/gu;
// A UID as text, which is longer than any version; no class or scheme of the standard.
const UID = new RegExp(`(?<!${W}|\\.)[0-2](?:\\.\\p{Nd}{1,39}){4,}(?!${W}|\\.)`, "gu");
const DICOM_ROOT = "1.2.840.10008.";
const SHORTEST_UID = 16;
const NONE: ReadonlySet<string> = new Set();

/** Cleans texts against the identity of one upload; in values of codes four digits are a code. */
export class TextCleaner {
  constructor(
    private readonly rules: Rules,
    private readonly tokens: Tokens,
    private readonly ofCodes = false,
  ) {}

  /** The text unchanged, or cleaned when it holds identity or control characters. */
  technical(text: string): string {
    return this.isSuspicious(text) ? this.withoutIdentity(text) : text;
  }

  /** A suspicious technical text cleaned; nothing where a whole identifier is in it. */
  withoutIdentity(text: string): string {
    return this.tokens.holdsWhole(text.replace(NO_WIDTH, "")) ? "" : this.free(text, this.rules.makers);
  }

  /** Whether a technical text holds what no machine sets. */
  isSuspicious(text: string): boolean {
    const found = [CONTROL, NO_WIDTH, FOREIGN, TITLED, PHONES].some((pattern) => text.search(pattern) >= 0);
    if (found || text.includes("@") || text.includes("://")) return true;
    return (text.match(UID) ?? []).some((uid) => this.isUid(uid)) || this.names(text);
  }

  /** Whether digits in groups are a UID that DICOM has not assigned. */
  private isUid(text: string): boolean {
    return text.length >= SHORTEST_UID && !text.startsWith(DICOM_ROOT) && !this.rules.assigned.has(text);
  }

  private names(text: string): boolean {
    if (this.tokens.hit(text) || this.tokens.named(text) || this.tokens.disguised(text).length > 0) return true;
    return !this.ofCodes && this.tokens.numbered(text);
  }

  /** The meaning of a code: whole when it is a standard one, else cleaned. */
  meaning(text: string): string {
    const isStandard = this.rules.meanings.has(wordsOf(fold(text)).join(" "));
    return isStandard && !this.names(text) ? text : this.free(text);
  }

  /** The text with every word removed that is not known to be harmless. */
  free(text: string, also: ReadonlySet<string> = NONE): string {
    let plain = text.replace(NO_WIDTH, "").replace(CONTROL, " ");
    if (WIDE.test(plain)) plain = plain.normalize("NFKC");
    plain = this.tokens.withoutBirth(plain, GAP);
    for (const [start, end] of this.tokens.disguised(plain).reverse()) plain = plain.slice(0, start) + GAP + plain.slice(end);
    for (const pattern of [CONTACTS, PHONES, DATES, TITLED, SPELLED, OLD, WRITTEN_SIGNS]) plain = plain.replace(pattern, GAP);
    const kept = [DECIMAL, NUCLIDE, FOLLOW_UP].flatMap((pattern) => [...plain.matchAll(pattern)]);
    const spans = kept.map((m): [number, number] => [m.index, m.index + m[0].length]);
    let changed = plain !== text;
    let out = "";
    let last = 0;
    for (const match of plain.matchAll(WORD)) {
      out += plain.slice(last, match.index);
      last = match.index + match[0].length;
      const inside = spans.some(([start, end]) => start <= match.index && match.index < end);
      if (inside || this.isHarmless(match[0], plain.slice(0, match.index), also)) out += match[0];
      else {
        changed = true;
        out += GAP;
      }
    }
    out += plain.slice(last);
    const result = changed ? tidy(out) : text;
    return this.names(result) ? "" : result;
  }

  private isHarmless(given: string, before: string, also: ReadonlySet<string>): boolean {
    const word = fold(given);
    const single = [...word].length === 1 && !ascii(given);
    if ((this.isKnown(word, also) && !single) || this.isJoined(given)) return true;
    return word === "2000" && BEFORE_A_VALUE.test(before.toLowerCase());
  }

  /** Whether a word is made of known words: OpticNerve, LungNodule01, ThorRoutine. */
  private isJoined(word: string): boolean {
    const parts = word.match(CAMEL) ?? [];
    if (parts.length < 2 || !ascii(word) || parts.join("") !== word) return false;
    return parts.every((part) =>
      /^\d+$/.test(part) ? part.length <= 4 : part.length > 1 && this.isKnown(part.toLowerCase(), NONE),
    );
  }

  private isKnown(word: string, also: ReadonlySet<string>): boolean {
    const { patient, people, numbers, stationWords } = this.tokens;
    if (patient.has(word) || people.has(word) || stationWords.has(word)) return false;
    if (/^\p{Nd}+$/u.test(word)) {
      return word.length <= 4 && ascii(word) && !numbers.has(word) && !/^(?:19\p{Nd}{2}|20[0-3]\p{Nd})$/u.test(word);
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
      if (this.tokens.short.has(letters)) return false;
      const short = letters.length <= 2 && digits.length <= 2;
      return (short || vocabulary.has(letters)) && (suffix.length <= 1 || vocabulary.has(suffix));
    }
    return /^(?:\p{Nd}{1,4}(?:x\p{Nd}{1,4})+[a-z]{0,2}|\p{Nd}{1,2}p\p{Nd}{1,3}|c\p{Nd}{1,2}d\p{Nd}{1,2}|\p{Nd}{1,2}i\p{Nd}{1,3}s)$/u.test(word);
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
