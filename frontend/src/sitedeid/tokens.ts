import { disguised, rewritten } from "./disguises";
import { type Bytes, type Element, Malformed, type Reader } from "./encoding";
import type { Rules } from "./plan";
import {
  ascii,
  CAMEL,
  type Charsets,
  charsetsOf,
  DIGITS,
  decodeText,
  fold,
  foldings,
  LETTERS_ONLY,
  latin1,
  NUCLIDE,
  squash,
  WORD,
  wordsOf,
} from "./text";
import { trimmed } from "./values";

const SHORTEST_WORD = 3;
const SHORTEST_PHRASE = 5;
const LONGEST = 128;
const SHORTEST_CODE = 4;
const SHORTEST_PART = 6;
const SHORTEST_INSIDE = 5;
const SHORTEST_STATION = 6;
const SHORTEST_LONG = 8;
const SHORTEST_CUT = 5;
const SHORTEST_START = 4;
const SHORTEST_TURNED = 6;
// Where a scanner ends a value: SH and CS, LO and PN (PS3.5 Table 6.2-1).
const VALUE_ENDS = new Set([16, 64]);
const LARGEST = 65_536;
const ROUND = 50;
const LEAST_VALUE = 1_000;
const MOST_VALUE = 1e15;
// Digits as people group them: 770-88-1234, 8 (495) 555 01 77, 505412/0087.
const GROUPED = /\p{Nd}(?:[ ./()_-]{0,2}\p{Nd})+/gu;
// Four digits that are neither a part of a word nor of a number with a point.
const FOUR_DIGITS = /(?<![A-Za-z0-9.,+])[0-9]{4}(?![A-Za-z0-9]|[.,][0-9])/g;
// Matrices, years, and a number that means none.
const VALUES_OF_FOUR = /^(?:1024|2048|4096|8192|9999|19[0-9]{2}|20[0-3][0-9])/;
// A day in three numbers, with or without zeros: 11.05.40, 5/11/1940, 1940-5-11.
const DAY = /(?<!\p{Nd})(\p{Nd}{4}|\p{Nd}{1,2})[ ./_-](\p{Nd}{1,2})[ ./_-](\p{Nd}{4}|\p{Nd}{1,2})(?!\p{Nd})/gu;
const JOINED = /^[^\s_-]\S*[_-]\S*[^\s_-]$/u;
const MONTHS = [
  "jan january januar", "feb february februar", "mar march", "apr april", "may mai", "jun june juni",
  "jul july juli", "aug august", "sep sept september", "oct okt october", "nov november", "dec dez december",
];
// Two letters that the standard defines as values of codes: modalities, sequences, scan options.
const CODES = new Set("au dd dg dm ds ec gm hf io ip ko lp lr op ot pc rg rl sc sm ss xc".split(" "));
// A station that is called by its modality (NILE-CT) bears no name of a product.
const BY_MODALITY = /^(?:(?:ct|mri?|pet(?:ct)?)\P{Nd}+|\P{Nd}+(?:ct|mri?|pet|pt|nm))$/u;
// Station Name, and those of the scheduled and the performed step: what people call a scanner.
const STATION_TAGS = new Set([0x00081010, 0x00400010, 0x00400242]);
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
  private stations: ReadonlySet<string> | null = null;
  private values: ReadonlySet<string> | null = null;
  private fours: ReadonlySet<string> | null = null;
  private products: Tokens | null = null;
  private withins: string[] | null = null;
  private starts: ReadonlySet<string> | null = null;
  private partial: string[] | null = null;
  private longs: ReadonlySet<string> | null = null;
  private insides: string[] | null = null;
  private shorts: ReadonlySet<string> | null = null;
  private stumps: string[] | null = null;
  private allLongs = "";

  /** `known` is every word of the field in one text; `makers` are the words of manufacturers. */
  constructor(
    private readonly known = "",
    private readonly makers: ReadonlySet<string> = new Set(),
    private readonly vocabulary: ReadonlySet<string> = new Set(),
  ) {}

  /** Words of names that a text must not contain even inside another word. */
  private get parts(): string[] {
    this.partial ??= [...this.people].filter((word) => {
      const length = [...word].length;
      return (length >= SHORTEST_PART && !this.known.includes(word) && !/^\p{Nd}+$/u.test(word)) || (length > 1 && !ascii(word));
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

  /** Phrases that no kept text contains, maker and model apart. */
  get whole(): string[] {
    this.wholes ??= [...new Set([...this.phrases, ...[...this.device].filter((one) => !this.stationWords.has(one))])];
    return this.wholes;
  }

  /** Stations that are one short word of a maker, looked for as a word: Vida, Sola. */
  get stationWords(): ReadonlySet<string> {
    this.stations ??= new Set([...this.device].filter((one) => this.makers.has(one) && [...one].length < SHORTEST_STATION));
    return this.stations;
  }

  /** Tokens for maker and model: less the stations that are named after a product. */
  get besideProducts(): Tokens {
    if (!this.products) {
      const left = new Tokens(this.known, this.makers, this.vocabulary);
      for (const name of ["people", "patient", "phrases", "numbers", "technical"] as const) {
        for (const one of this[name]) left[name].add(one);
      }
      for (const one of this.device) if (!this.isProduct(one)) left.device.add(one);
      this.products = left;
    }
    return this.products;
  }

  /** Whether a station bears the name of its model; a serial number has digits. */
  private isProduct(name: string): boolean {
    const letters = /^[\p{L}\p{Nl}\p{No}]+/u.exec(name)?.[0] ?? "";
    const models = [...this.technical];
    if (this.makers.has(letters)) return models.some((model) => model.includes(name));
    const isNamed = /^\p{L}+$/u.test(name) && !BY_MODALITY.test(name);
    return isNamed && models.some((model) => model.startsWith(name));
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
    const left = new Tokens(this.known, this.makers, this.vocabulary);
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
      if (words.some((word) => this.people.has(word) || this.stationWords.has(word))) return true;
      const joined = words.join("");
      if (this.whole.some((phrase) => joined.includes(phrase))) return true;
      if (this.parts.some((part) => joined.includes(part))) return true;
      // Letters beside digits, and letters with signs between them.
      if ((folded.match(LETTERS_ONLY) ?? []).some((word) => this.people.has(word))) return true;
      if ((joined.match(LETTERS_ONLY) ?? []).some((word) => this.people.has(word))) return true;
      if (this.numberHit(folded)) return true;
    }
    return false;
  }

  /** Names of five letters, which no single word may contain; longer ones are `parts`. */
  private get inside(): string[] {
    this.insides ??= [...this.people].filter(
      (word) => [...word].length === SHORTEST_INSIDE && /^\p{L}+$/u.test(word) && !this.known.includes(word),
    );
    return this.insides;
  }

  /** Names of two letters that are no words of the field and no codes of the standard. */
  get short(): ReadonlySet<string> {
    this.shorts ??= new Set(
      [...this.patient].filter(
        (word) => /^[a-z]{2}$/.test(word) && !this.vocabulary.has(word) && !this.makers.has(word) && !CODES.has(word),
      ),
    );
    return this.shorts;
  }

  /** Whether a text, not bytes, holds a name that is short, joined, taken apart or cut: `Li_T1`, `VogelProto`, `KO_H`. */
  named(text: string): boolean {
    if (this.cut(text)) return true;
    const plain = text.replace(NUCLIDE, " ");
    const runs = plain.match(LETTERS_ONLY) ?? [];
    if (runs.some((run) => /^\p{Lu}\p{L}$/u.test(run) && this.short.has(fold(run)))) return true;
    if ((plain.match(CAMEL) ?? []).some((piece) => piece.length >= SHORTEST_WORD && this.people.has(piece.toLowerCase()))) {
      return true;
    }
    const folded = runs.map(fold);
    if (folded.some((run, n) => n > 0 && this.people.has(`${folded[n - 1]}${run}`))) return true;
    if (this.isInside(plain) || this.goesOn(plain)) return true;
    return [...plain.matchAll(DAY)].some(([, ...day]) => this.isBirth(day));
  }

  /**
   * Whether a text holds the beginning of a name, or a name turned round: five letters of it anywhere; four as a word,
   * or where the text is as long as its VR allows, because a scanner cuts what is longer.
   */
  cut(text: string): boolean {
    const runs = text.match(LETTERS_ONLY) ?? [];
    for (const run of runs) {
      const length = [...run].length;
      if (length < SHORTEST_CUT) continue;
      const folded = fold(run);
      if (this.beginnings.has(folded)) return true;
      if (length >= SHORTEST_TURNED && this.people.has([...folded].reverse().join(""))) return true;
    }
    const four = (text.match(WORD) ?? []).filter((word) => [...word].length === SHORTEST_START);
    if (four.some((word) => this.beginnings.has(fold(word)))) return true;
    const last = runs.at(-1);
    if (!last || !VALUE_ENDS.has([...text].length) || !text.endsWith(last)) return false;
    return [...last].length >= SHORTEST_START && this.beginnings.has(fold(last));
  }

  /** Beginnings of names that lie in no word of the field, from four letters on. */
  private get beginnings(): ReadonlySet<string> {
    if (!this.starts) {
      const starts = new Set<string>();
      for (const word of this.people) {
        const letters = [...word];
        if (!/^\p{L}+$/u.test(word)) continue;
        for (let length = SHORTEST_START; length < letters.length; length += 1) starts.add(letters.slice(0, length).join(""));
      }
      this.starts = new Set([...starts].filter((start) => !this.known.includes(start)));
    }
    return this.starts;
  }

  private isBirth(day: readonly string[]): boolean {
    const digits = day.map((part) => part.padStart(2, "0")).join("");
    // Six digits of a day are a word, eight a number; other numbers have any length.
    return this.people.has(digits) || (digits.length === 8 && this.numbers.has(digits));
  }

  /** The text with a gap where it states a birth date in three numbers. */
  withoutBirth(text: string, gap: string): string {
    return text.replace(DAY, (day, ...parts: string[]) => (this.isBirth(parts.slice(0, 3)) ? gap : day));
  }

  /** The spans of a text that hold identity as base64, hexadecimal or written signs. */
  disguised(text: string): [number, number][] {
    return disguised(text, (decoded) => this.hit(decoded) || this.isWithin(decoded));
  }

  /** Whether a word of a decoded text holds a name of four letters and more. */
  private isWithin(decoded: string): boolean {
    this.withins ??= [...this.people].filter(
      (word) => [...word].length >= SHORTEST_CODE && /^\p{L}+$/u.test(word) && !this.known.includes(word),
    );
    const parts = this.withins;
    const folded = (decoded.match(LETTERS_ONLY) ?? []).map(fold);
    return folded.some((run) => parts.some((part) => run.includes(part)));
  }

  /** Whether a word of a text holds a name of five letters and more. */
  private isInside(text: string): boolean {
    const folded = (text.match(LETTERS_ONLY) ?? []).map(fold);
    return folded.some((run) => this.inside.some((part) => run.length > part.length && run.includes(part)));
  }

  /** Whether a word that is none of the field begins with a name of the subject of four letters: `Quirina` of `QUIR`. */
  private goesOn(text: string): boolean {
    this.stumps ??= [...this.people].filter(
      (word) =>
        this.patient.has(word) && [...word].length === SHORTEST_START && /^\p{L}+$/u.test(word) && !this.known.includes(word),
    );
    if (!this.stumps.length) return false;
    const long = (text.match(LETTERS_ONLY) ?? []).filter((run) => [...run].length >= SHORTEST_PART).map(fold);
    const stumps = this.stumps;
    return long.some((run) => stumps.some((stump) => run.startsWith(stump)) && !this.known.includes(run));
  }

  /** Whether a text holds a whole identifier, station or name: nothing of it may stay. */
  holdsWhole(text: string): boolean {
    const squashed = foldings(text).map(squash);
    return this.whole.some((phrase) => squashed.some((one) => one.includes(phrase)));
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
    if (plain.length < SHORTEST_LONG) return false;
    const isWithin = [...this.longNumbers].some((number) => number.length >= SHORTEST_LONG && plain.includes(number));
    return isWithin || this.allLongs.includes(plain);
  }

  /** Numbers of four and more digits as values, less round ones of four: b 1000, TR 2500. */
  private get plainValues(): ReadonlySet<string> {
    const plain = [...this.numbers].map((number) => number.replace(/^0+/, ""));
    this.values ??= new Set(plain.filter((n) => n.length > 4 || (n.length === 4 && Number(n) % ROUND !== 0)));
    return this.values;
  }

  /**
   * Identifiers of four digits that are no value of an acquisition, year or version here: less round ones, powers of
   * two (a matrix), years, and what maker, model or software say.
   */
  private get bare(): ReadonlySet<string> {
    this.fours ??= new Set(
      [...this.plainValues].filter(
        (n) => n.length === SHORTEST_CODE && !VALUES_OF_FOUR.test(n) && ![...this.technical].some((name) => name.includes(n)),
      ),
    );
    return this.fours;
  }

  /** Whether a text holds an identifier of four digits, alone: `scan 4711`, `T1_4711`. */
  numbered(text: string): boolean {
    return this.bare.size > 0 && (text.match(FOUR_DIGITS) ?? []).some((number) => this.bare.has(number));
  }

  /** Whether digits are an identifier with its leading zeros, which no machine writes: `000.4711`. */
  isWrittenLong(number: string): boolean {
    return /^0\p{Nd}/u.test(number) && this.numbers.has(number.replaceAll(".", ""));
  }

  /** Whether a number in a private element is an identifier: by value (`4711.0`), or by its digits. */
  isValue(number: string): boolean {
    const [whole = "", ...rest] = number.replace(/^[+\-0]+/, "").split(".");
    const digits = whole + rest.join(".");
    if (whole && digits.length > SHORTEST_CODE && this.plainValues.has(digits)) return true;
    const value = Number(number);
    return value >= LEAST_VALUE && value < MOST_VALUE && Number.isInteger(value) && this.plainValues.has(String(value));
  }

  /** Forgets what was worked out, after more tokens came in. */
  changed(): void {
    this.stations = null;
    this.withins = null;
    this.starts = null;
    this.values = null;
    this.fours = null;
    this.products = null;
    this.wholes = null;
    this.partial = null;
    this.longs = null;
    this.insides = null;
    this.shorts = null;
    this.stumps = null;
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
    this.tokens = new Tokens(rules.knownWords, rules.makers, rules.vocabulary);
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
      const text = decodeText(value, vr, charsets) ?? latin1(value);
      this.text(kind ?? "technical", text);
      if (STATION_TAGS.has(element.tag)) this.product(text);
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
      this.reading(kind, value);
      if (kind !== "patient" && kind !== "person") continue;
      // A name may have been encoded once too often, and stand elsewhere as it is.
      for (const reading of rewritten(value)) {
        if (!/[\ufffd?]/.test(reading)) this.reading(kind, reading);
      }
    }
  }

  private reading(kind: string, value: string): void {
    for (const folded of foldings(value)) {
      if (kind === "technical") this.tokens.technical.add(squash(folded));
      else if (kind === "date") this.birthDate(folded);
      else this.value(kind, folded);
    }
    if ((kind === "patient" || kind === "person") && !ascii(value)) this.cutName(value);
  }

  /** A station that is called by words of makers alone: Prisma, Magnetom-Vida. */
  private product(text: string): void {
    for (const folded of foldings(text)) {
      const words = wordsOf(folded);
      const squashed = words.join("");
      const isNamed = words.every((word) => this.rules.makers.has(word)) && !words.every((word) => this.rules.vocabulary.has(word));
      if (isNamed && [...squashed].length >= SHORTEST_CODE) this.tokens.device.add(squashed);
    }
  }

  /** What is left of a name where a sign beyond ASCII was lost: GR_NEWALD, Grnewald. */
  private cutName(value: string): void {
    for (const word of value.normalize("NFC").match(WORD) ?? []) {
      if (ascii(word)) continue;
      const pieces = (word.match(/[A-Za-z]+/g) ?? []).map((piece) => piece.toLowerCase());
      for (const piece of [...pieces, pieces.join("")]) {
        if (piece.length >= SHORTEST_PHRASE && this.isNoWord(piece)) this.tokens.people.add(piece);
      }
    }
  }

  private isNoWord(word: string): boolean {
    return !this.rules.knownWords.includes(word);
  }

  /** A date in the three usual orders of digits, long and short, and with the month's name. */
  private birthDate(folded: string): void {
    const digits = (folded.match(DIGITS) ?? []).join("");
    if (digits.length !== 8) return;
    const [year, month, day] = [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6)];
    for (const order of [digits, day + month + year, month + day + year]) {
      this.tokens.numbers.add(order);
      this.tokens.phrases.add(order);
    }
    const short = year.slice(2);
    for (const order of [short + month + day, day + month + short, month + day + short]) this.tokens.people.add(order);
    for (const name of MONTHS[Number(month) - 1]?.split(" ") ?? []) {
      for (const number of new Set([day, day.replace(/^0+/, "") || day])) {
        for (const end of number === day ? [year, short] : [year]) {
          this.tokens.phrases.add(number + name + end);
          this.tokens.phrases.add(name + number + end);
        }
      }
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
    const sender = folded.includes("@") ? squash(folded.slice(0, folded.indexOf("@"))) : "";
    if ([...sender].length >= SHORTEST_PHRASE && this.isNoWord(sender)) this.tokens.people.add(sender);
    // A station of words of the field is told from a text of the same words by how it is written.
    if (kind === "device" && !meaningful.length && length >= SHORTEST_STATION) {
      if (JOINED.test(folded) && !words.every((word) => this.rules.makers.has(word))) this.tokens.device.add(squashed);
    }
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
    for (const word of meaningful) {
      if (/^\p{L}{2}$/u.test(word) && !CODES.has(word)) this.tokens.patient.add(word);
    }
    for (const shortest of [SHORTEST_WORD, 2]) {
      const long = words.filter((word) => [...word].length >= shortest || !ascii(word));
      const [first, second] = long.filter((word) => !isNumber(word));
      if (!first || !second) continue;
      const both = [second + first, first + second];
      if (ascii(first + second) && first.length + second.length < SHORTEST_PHRASE) {
        // Four letters are looked for as a word, or as two words side by side.
        for (const name of both) if (this.isNoWord(name)) this.tokens.people.add(name);
      } else if (meaningful.includes(first) || meaningful.includes(second)) {
        for (const name of both) this.tokens.phrases.add(name);
      }
    }
  }
}
