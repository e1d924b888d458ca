import { type Bytes, type Element, Malformed, type Reader } from "./encoding";
import type { Rules } from "./plan";
import {
  ascii,
  type Charsets,
  charsetsOf,
  DIGITS,
  decodeText,
  fold,
  foldings,
  LETTERS_ONLY,
  latin1,
  squash,
  wordsOf,
} from "./text";
import { trimmed } from "./values";

const SHORTEST_WORD = 3;
const SHORTEST_PHRASE = 5;
const LONGEST = 128;
const SHORTEST_CODE = 4;
const SHORTEST_PART = 6;
const SHORTEST_CUT = 8;
const LARGEST = 65_536;
// Digits as people group them: 770-88-1234, 8 (495) 555 01 77, 505412/0087.
const GROUPED = /\p{Nd}(?:[ ./()_-]{0,2}\p{Nd})+/gu;
const TECHNICAL_TAGS = new Set([0x00080070, 0x00081090, 0x00181020]);

/** Identity of an upload, folded: what must not be found in any output. */
export class Tokens {
  readonly people = new Set<string>();
  readonly patient = new Set<string>();
  readonly phrases = new Set<string>();
  readonly numbers = new Set<string>();
  readonly device = new Set<string>();
  readonly technical = new Set<string>();
  private wholes: string[] | null = null;
  private partial: string[] | null = null;
  private longs: ReadonlySet<string> | null = null;
  private allLongs = "";

  /** `known` is every word of the field in one text; `makers` are the words of manufacturers. */
  constructor(
    private readonly known = "",
    private readonly makers: ReadonlySet<string> = new Set(),
  ) {}

  /** Words of names that a text must not contain even inside another word. */
  private get parts(): string[] {
    this.partial ??= [...this.people].filter((word) => {
      const length = [...word].length;
      return (length >= SHORTEST_PART && !this.known.includes(word)) || (length > 1 && !ascii(word));
    });
    return this.partial;
  }

  /** Numbers of six and more digits, also without their leading zeros (then five). */
  private get longNumbers(): ReadonlySet<string> {
    if (!this.longs) {
      const long = [...this.numbers].filter((number) => number.length >= SHORTEST_PART);
      const plain = long.map((number) => number.replace(/^0+/, "")).filter((number) => number.length >= SHORTEST_PART - 1);
      this.longs = new Set([...long, ...plain]);
      this.allLongs = [...this.longs].join(" ");
    }
    return this.longs;
  }

  /** Phrases that a kept text must not contain, station names that are models left out. */
  get whole(): string[] {
    if (!this.wholes) {
      const stations = [...this.device].filter((one) => !this.isProduct(one));
      this.wholes = [...new Set([...this.phrases, ...stations])];
    }
    return this.wholes;
  }

  /** Whether a station bears the name of its model; a serial number has digits. */
  private isProduct(name: string): boolean {
    const letters = /^\p{L}+/u.exec(name)?.[0] ?? "";
    const named = letters === name || this.makers.has(letters);
    return named && [...this.technical].some((model) => model.startsWith(name));
  }

  /** The tokens less those that the trial's own values contain. */
  without(allowed: readonly string[]): Tokens {
    const texts = allowed.filter((text) => text).map(fold);
    const words = new Set(texts.flatMap((text) => [...wordsOf(text), ...(text.match(LETTERS_ONLY) ?? [])]));
    const squashed = texts.map(squash);
    // A site may have typed the subject's code as Patient ID: "1001-004" is one number then.
    const digits = texts.map((text) => (text.match(DIGITS) ?? []).join(""));
    const outside = (phrase: string): boolean => !squashed.some((text) => text.includes(phrase));
    const isCode = (word: string): boolean =>
      words.has(word) || ([...word].length >= SHORTEST_PART && !outside(word));
    const left = new Tokens(this.known, this.makers);
    for (const word of this.people) if (!isCode(word)) left.people.add(word);
    for (const word of this.patient) if (!isCode(word)) left.patient.add(word);
    for (const phrase of this.phrases) if (outside(phrase)) left.phrases.add(phrase);
    for (const number of this.numbers) {
      if (!digits.some((run) => run.includes(number))) left.numbers.add(number);
    }
    for (const phrase of this.device) if (outside(phrase)) left.device.add(phrase);
    for (const name of this.technical) left.technical.add(name);
    return left;
  }

  /** Whether a text that would be kept as it is holds identity of the upload. */
  hit(text: string): boolean {
    for (const folded of foldings(text)) {
      const words = wordsOf(folded);
      if (words.some((word) => this.people.has(word))) return true;
      const joined = words.join("");
      if (this.whole.some((phrase) => joined.includes(phrase))) return true;
      if (this.parts.some((part) => joined.includes(part))) return true;
      if ((folded.match(LETTERS_ONLY) ?? []).some((word) => this.people.has(word))) return true;
      if (this.numberHit(folded)) return true;
    }
    return false;
  }

  /** Whether a text holds a number of the upload, however its digits are grouped. */
  numberHit(text: string): boolean {
    const runs = text.match(DIGITS) ?? [];
    if (runs.some((number) => number.length > 4 && this.numbers.has(number))) return true;
    const long = [...this.longNumbers];
    return (text.match(GROUPED) ?? []).some((run) => {
      const digits = (run.match(DIGITS) ?? []).join("");
      if (digits.length < SHORTEST_PART) return false;
      if (long.some((number) => digits.includes(number))) return true;
      return digits.length > SHORTEST_PART && this.allLongs.includes(digits);
    });
  }

  /** Whether the digits of a numeric value are a number of the upload, or much of it. */
  isNumber(digits: string): boolean {
    const plain = digits.replace(/^0+/, "");
    if (this.longNumbers.has(plain) || (digits.length > 4 && this.numbers.has(digits))) return true;
    return plain.length >= SHORTEST_CUT && this.allLongs.includes(plain);
  }

  /** Forgets what was worked out, after more tokens came in. */
  changed(): void {
    this.wholes = null;
    this.partial = null;
    this.longs = null;
  }
}

/** Walks the files of an upload and collects their identity, and the UIDs they name. */
export class TokenCollector {
  readonly tokens: Tokens;
  readonly uids = new Set<string>();
  private readonly seen = new Set<string>();

  constructor(
    private readonly rules: Rules,
    private readonly reader: Reader,
  ) {
    this.tokens = new Tokens(rules.knownWords, rules.makers);
  }

  add(bytes: Bytes, elements: readonly Element[], explicit: boolean): void {
    const own = elements.find((element) => element.tag === 0x00080005);
    const charsets = charsetsOf(own ? bytes.slice(own.value, own.valueEnd) : new Uint8Array());
    this.dataSet(bytes, elements, explicit, charsets, 0);
    this.tokens.changed();
  }

  private dataSet(
    bytes: Bytes,
    elements: readonly Element[],
    explicit: boolean,
    charsets: Charsets,
    depth: number,
  ): void {
    for (const element of elements) {
      if (element.vr === "SQ" || (element.vr === "UN" && this.rules.vrOf(element.tag) === "SQ")) {
        this.sequence(bytes, element, explicit, charsets, depth);
        continue;
      }
      if (element.end - element.start > LARGEST) continue;
      if (element.vr === "UI" || (element.vr === "UN" && this.rules.vrOf(element.tag) === "UI")) {
        const text = latin1(bytes.slice(element.value, element.valueEnd));
        for (const uid of text.split("\\")) if (trimmed(uid)) this.uids.add(trimmed(uid));
      }
      const kind = this.rules.identity.get(element.tag) ?? (element.vr === "PN" ? "person" : null);
      if (kind === null && !TECHNICAL_TAGS.has(element.tag)) continue;
      const value = bytes.slice(element.value, element.valueEnd);
      const once = `${element.tag} ${element.vr} ${charsets?.join(",")} ${latin1(value)}`;
      if (this.seen.has(once)) continue;
      this.seen.add(once);
      const vr = element.vr === "UN" ? this.rules.vrOf(element.tag) : element.vr;
      this.text(kind ?? "technical", decodeText(value, vr, charsets) ?? latin1(value));
    }
  }

  private sequence(
    bytes: Bytes,
    element: Element,
    explicit: boolean,
    charsets: Charsets,
    depth: number,
  ): void {
    const inner = explicit && element.vr === "SQ";
    try {
      for (const [start, end] of this.reader.items(bytes, element, inner, depth + 1)) {
        const elements = this.reader.index(bytes, start, end, inner, depth + 1);
        const own = elements.find((one) => one.tag === 0x00080005);
        const nested = own ? charsetsOf(bytes.slice(own.value, own.valueEnd)) : charsets;
        this.dataSet(bytes, elements, inner, nested, depth + 1);
      }
    } catch (problem) {
      if (!(problem instanceof Malformed) || element.vr === "SQ") throw problem;
    }
  }

  private text(kind: string, text: string): void {
    for (const part of text.split(/[\\=\r\n]/)) {
      const value = part.replace(/^[ \0\t^]+|[ \0\t^]+$/g, "");
      if (!value || [...value].length > LONGEST) continue;
      for (const folded of foldings(value)) {
        if (kind === "technical") this.tokens.technical.add(squash(folded));
        else if (kind === "date") this.birthDate(folded);
        else this.value(kind, folded);
      }
    }
  }

  /** A date in the three usual orders of digits. */
  private birthDate(folded: string): void {
    const digits = (folded.match(DIGITS) ?? []).join("");
    if (digits.length !== 8) return;
    const [year, month, day] = [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6)];
    for (const order of [digits, day + month + year, month + day + year]) {
      this.tokens.numbers.add(order);
      this.tokens.phrases.add(order);
    }
  }

  private value(kind: string, folded: string): void {
    const words = wordsOf(folded);
    const squashed = words.join("");
    if (/^\p{Nd}+$/u.test(squashed)) {
      if (squashed.length >= 4) this.tokens.numbers.add(squashed);
      return;
    }
    const meaningful = words.filter((word) => !this.rules.vocabulary.has(word) && !this.rules.makers.has(word));
    const length = [...squashed].length;
    const shortest = kind === "id" || kind === "device" ? SHORTEST_CODE : SHORTEST_PHRASE;
    if ((length >= shortest || !ascii(squashed)) && meaningful.length && length > 1) {
      (kind === "device" ? this.tokens.device : this.tokens.phrases).add(squashed);
    }
    if (kind === "person" || kind === "patient") return this.name(kind, words, meaningful);
    if (kind === "place") {
      for (const word of meaningful) {
        const long = [...word].length >= SHORTEST_PART || ([...word].length > 1 && !ascii(word));
        if (long && /^\p{L}+$/u.test(word)) this.tokens.people.add(word);
      }
    }
    const digits = folded.match(DIGITS) ?? [];
    for (const run of digits) if (run.length >= 5) this.tokens.numbers.add(run);
    if (kind === "id" && length >= 4 && digits.length) this.tokens.people.add(squashed);
    const all = digits.join("");
    if ((kind === "id" || kind === "device") && all.length >= SHORTEST_PART) this.tokens.numbers.add(all);
  }

  private name(kind: string, words: string[], meaningful: string[]): void {
    const isNumber = (word: string): boolean => /^\p{Nd}+$/u.test(word);
    const usable = words.filter((word) => [...word].length >= SHORTEST_WORD || !ascii(word));
    for (const word of usable) {
      if (isNumber(word)) continue;
      if (meaningful.includes(word)) this.tokens.people.add(word);
      if (this.rules.names.has(word)) this.tokens.patient.add(word);
    }
    if (kind === "patient") {
      for (const word of words) if ([...word].length > 1 && !isNumber(word)) this.tokens.patient.add(word);
    }
    const [first, second] = usable.filter((word) => !isNumber(word));
    if (first && second && (meaningful.includes(first) || meaningful.includes(second))) {
      this.tokens.phrases.add(second + first);
      this.tokens.phrases.add(first + second);
    }
  }
}
