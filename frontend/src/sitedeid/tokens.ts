import { type Bytes, type Element, Malformed, type Reader } from "./encoding";
import type { Rules } from "./plan";
import { ascii, type Charsets, charsetsOf, DIGITS, decodeText, fold, foldings, latin1, squash, wordsOf } from "./text";
import { trimmed } from "./values";

const SHORTEST_WORD = 3;
const SHORTEST_PHRASE = 5;
const LONGEST = 128;
const LARGEST = 65_536;
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

  /** Phrases that a kept text must not contain, station names that are models left out. */
  get whole(): string[] {
    if (!this.wholes) {
      const known = [...this.technical].join(" ");
      const stations = [...this.device].filter((one) => !known.includes(one));
      this.wholes = [...new Set([...this.phrases, ...stations])];
    }
    return this.wholes;
  }

  /** The tokens less those that the trial's own values contain. */
  without(allowed: readonly string[]): Tokens {
    const texts = allowed.filter((text) => text).map(fold);
    const words = new Set(texts.flatMap(wordsOf));
    const squashed = texts.map(squash);
    const digits = new Set(texts.flatMap((text) => text.match(DIGITS) ?? []));
    const outside = (phrase: string): boolean => !squashed.some((text) => text.includes(phrase));
    const left = new Tokens();
    for (const word of this.people) if (!words.has(word)) left.people.add(word);
    for (const word of this.patient) if (!words.has(word)) left.patient.add(word);
    for (const phrase of this.phrases) if (outside(phrase)) left.phrases.add(phrase);
    for (const number of this.numbers) if (!digits.has(number)) left.numbers.add(number);
    for (const phrase of this.device) if (outside(phrase)) left.device.add(phrase);
    for (const name of this.technical) left.technical.add(name);
    return left;
  }

  /** Whether a text that would be kept as it is holds identity of the upload. */
  hit(text: string): boolean {
    for (const folded of foldings(text)) {
      const words = wordsOf(folded);
      if (words.some((word) => this.people.has(word))) return true;
      const numbers = folded.match(DIGITS) ?? [];
      if (numbers.some((number) => number.length > 4 && this.numbers.has(number))) return true;
      const joined = words.join("");
      if (this.whole.some((phrase) => joined.includes(phrase))) return true;
    }
    return false;
  }

  /** Forgets what was worked out, after more tokens came in. */
  changed(): void {
    this.wholes = null;
  }
}

/** Walks the files of an upload and collects their identity, and the UIDs they name. */
export class TokenCollector {
  readonly tokens = new Tokens();
  readonly uids = new Set<string>();
  private readonly seen = new Set<string>();

  constructor(
    private readonly rules: Rules,
    private readonly reader: Reader,
  ) {}

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
    if ((length >= SHORTEST_PHRASE || !ascii(squashed)) && meaningful.length && length > 1) {
      (kind === "device" ? this.tokens.device : this.tokens.phrases).add(squashed);
    }
    const longNumbers = (folded.match(DIGITS) ?? []).filter((run) => run.length >= 5);
    if (kind === "person" || kind === "patient") this.name(kind, words, meaningful);
    else if (kind === "id" && length >= 4 && /\p{Nd}/u.test(squashed)) {
      this.tokens.people.add(squashed);
      for (const run of longNumbers) this.tokens.numbers.add(run);
    } else if (kind === "place") for (const run of longNumbers) this.tokens.numbers.add(run);
  }

  private name(kind: string, words: string[], meaningful: string[]): void {
    const isNumber = (word: string): boolean => /^\p{Nd}+$/u.test(word);
    const usable = words.filter((word) => [...word].length >= SHORTEST_WORD || !ascii(word));
    for (const word of usable) {
      if (isNumber(word)) continue;
      if (meaningful.includes(word)) this.tokens.people.add(word);
      if (kind === "patient") this.tokens.patient.add(word);
    }
    const [first, second] = usable.filter((word) => !isNumber(word));
    if (first && second && (meaningful.includes(first) || meaningful.includes(second))) {
      this.tokens.phrases.add(second + first);
      this.tokens.phrases.add(first + second);
    }
  }
}
