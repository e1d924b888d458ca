import { TextCleaner } from "./cleaning";
import { type Bytes, type Element, TEXT_VRS } from "./encoding";
import type { KeyedUids } from "./keyed";
import type { Rules } from "./plan";
import { type Charsets, decodeText, isAscii, latin1, roughly } from "./text";
import type { Tokens } from "./tokens";
import {
  capAge,
  isCode,
  isInstant,
  isNumber,
  isNumeric,
  isPlainNumber,
  isTime,
  numbersOf,
  STAND_IN,
  shiftDate,
  shiftDateTime,
  standIn,
  strip,
  trimmed,
  trimmedEnd,
} from "./values";
import { encode, encodeItems, joined, utf8 } from "./writing";

const STRINGS = new Set([...TEXT_VRS, ..."AE AS CS DA DS DT IS TM UI UR".split(" ")]);
const MULTILINE = new Set(["ST", "LT", "UT"]);
const BINARY = new Set("OB OW OF OD OL OV US SS UL SL UV SV FL FD AT".split(" "));
const UNIT: Record<string, number> = { US: 2, SS: 2, UL: 4, SL: 4, FL: 4, FD: 8, UV: 8, SV: 8, AT: 4 };
const LINES = /[\r\n\t\f\v]+/g;
const RAW_CONTROL = /[\x01-\x08\x0b\x0e-\x1f\x7f]/;
const PRINTED = /[\x20-\x7e]{5,}/g;
const WIDE = /(?:[\x20-\x7e]\0){3,}|(?:\0[\x20-\x7e]){3,}/g;
const LONGEST_TEXT = 64 * 1024;
const ONE_NUMBER = 8;
const INSTANCE_NUMBER = 0x00200013;
const CODE_VALUE = 0x00080100;
const LONG_CODE_VALUE = 0x00080119;
const URN_CODE_VALUE = 0x00080120;
export const CODE_TAGS = new Set([CODE_VALUE, LONG_CODE_VALUE, URN_CODE_VALUE]);
// Longer codes are Long Code Values (PS3.3 8.1).
const LONGEST_CODE = 16;
/** Maker and model, which Retain Device Identity keeps also where a station has their name. */
export const PRODUCT_TAGS: ReadonlySet<number> = new Set([0x00080070, 0x00081090]);
const CODE_MEANING = 0x00080104;
const SUBJECT_TAGS = new Set([0x00100010, 0x00100020]);

/** What happens to an element; the names are those of the server's report. */
export const EFFECTS = [
  "kept", "removed", "emptied", "dummy", "uid_replaced", "date_shifted", "text_cleaned",
  "private_kept", "private_removed",
] as const;
export type Effect = (typeof EFFECTS)[number];
export type Counts = Record<Effect, number>;
export type Decision = [Uint8Array | null, Effect];
export type Piece = [number, Uint8Array];

/** How the data set around an element is written. */
export interface Context {
  explicitIn: boolean;
  explicitOut: boolean;
  charsets: Charsets;
}

const REMOVE: Decision = [null, "removed"];

/** Decides on single elements under one plan. */
export class ElementRules {
  private readonly cleaner: TextCleaner;
  private readonly productCleaner: TextCleaner;
  private readonly codeCleaner: TextCleaner;

  constructor(
    private readonly rules: Rules,
    private readonly tokens: Tokens,
    private readonly uids: KeyedUids,
  ) {
    this.cleaner = new TextCleaner(rules, tokens);
    this.productCleaner = new TextCleaner(rules, tokens.besideProducts);
    this.codeCleaner = new TextCleaner(rules, tokens, true);
  }

  isSequence(element: Element): boolean {
    return element.vr === "SQ" || (element.vr === "UN" && this.rules.vrOf(element.tag) === "SQ");
  }

  /** What to do with a sequence as a whole; null means: enter its items. */
  wholeSequence(tag: number, explicit: boolean): Decision | null {
    const action = this.rules.actions.get(tag);
    if (action === "items" && this.rules.vrOf(tag) === "SQ") return null;
    if (action === "z") return [encodeItems(tag, [], explicit), "emptied"];
    if (action === "code") return [standInCode(tag, explicit), "dummy"];
    return REMOVE;
  }

  decide(bytes: Bytes, element: Element, context: Context): Decision {
    const { tag } = element;
    const action = this.rules.actions.get(tag);
    const vr = this.usableVr(tag, element.vr);
    if (!action || !vr || action === "items") return REMOVE;
    const value = bytes.slice(element.value, element.valueEnd);
    if (action === "z" || action === "d") return this.replace(tag, vr, action, context);
    // A picture inside a sequence is a thumbnail.
    if (action === "pixels") return REMOVE;
    if (value.every((byte) => byte === 0 || byte === 0x20)) return unchanged(bytes, element, vr, value, context);
    if (action === "keep" || (action === "technical" && !STRINGS.has(vr))) {
      return this.keep(bytes, element, vr, value, context);
    }
    const last = action.at(-1) as string;
    const decoded = decodeText(value, vr, context.charsets);
    if (decoded === null) return this.replace(tag, vr, last, context);
    const text = vr === "UI" ? trimmed(decoded) : trimmedEnd(decoded);
    const oneLine = MULTILINE.has(vr) ? text : text.replace(LINES, " ");
    const [made, effect] = this.byAction(action, tag, vr, oneLine);
    if (made === null) return this.replace(tag, vr, last, context);
    if (made === text && isAscii(value) && !RAW_CONTROL.test(latin1(value))) {
      return unchanged(bytes, element, vr, value, context);
    }
    return [encode(tag, vr, utf8(made), context.explicitOut), made === text ? "kept" : effect];
  }

  private byAction(action: string, tag: number, vr: string, text: string): [string | null, Effect] {
    const kind = action.split("-")[0];
    if (kind === "uid") return [this.mapUids(text), "uid_replaced"];
    if (kind === "date") return [this.dates(text, vr), "date_shifted"];
    if (kind === "time") return [isTime(text) ? text : null, "kept"];
    if (kind === "age") return [capAge(text, this.rules.plan.profile.age_cap), "text_cleaned"];
    if (kind === "technical") {
      const clean = CODE_TAGS.has(tag) ? this.codeValue(tag, vr, text) : this.technical(vr, text, PRODUCT_TAGS.has(tag));
      return [clean, "text_cleaned"];
    }
    const clean = (part: string): string =>
      tag === CODE_MEANING ? this.cleaner.meaning(part) : this.cleaner.free(part);
    const made = parts(vr, text).map(clean).join("\\");
    return [isBlank(made) ? null : made, "text_cleaned"];
  }

  /** Replaces every UID that DICOM itself has not assigned. */
  mapUids(text: string): string {
    return text
      .split("\\")
      .map(trimmed)
      .map((uid) => (!uid || this.rules.assigned.has(uid) ? uid : this.uids.get(uid)))
      .join("\\");
  }

  private dates(text: string, vr: string): string | null {
    const days = this.rules.plan.offset_days;
    const move = vr === "DA" ? shiftDate : shiftDateTime;
    const moved = text.split("\\").map((part) => (strip(part) ? move(part, days) : ""));
    return moved.includes(null) ? null : moved.join("\\");
  }

  /** The value of a code without identity, valid for its attribute (PS3.3 8.1). */
  private codeValue(tag: number, vr: string, text: string): string {
    const isTyped = isTypedCode(tag, text);
    const made = isTyped ? this.cleaner.free(text) : cleaned(vr, text, this.codeCleaner, this.tokens);
    const isShort = tag !== CODE_VALUE && [...made].length <= LONGEST_CODE;
    if (made === text || (made && !isShort && tag !== URN_CODE_VALUE)) return made;
    return latin1(standIn(vr));
  }

  private technical(vr: string, text: string, ofProduct = false): string {
    if (vr === "CS") {
      if (isCode(text) && !this.cleaner.isSuspicious(text)) return text;
      const codes = text.split("\\").map((part) => this.code(part)).join("\\").replace(/[\\ ]+$/, "");
      const isKnown = codes.includes("\\") && this.tokens.hit(codes);
      return (isKnown ? this.cleaner.free(codes) : codes) || STAND_IN;
    }
    if (ofProduct) return cleaned(vr, text, this.productCleaner, this.tokens.besideProducts);
    return cleaned(vr, text, this.cleaner, this.tokens);
  }

  /** One value of a coded text: as it is, or without identity. */
  private code(text: string): string {
    if (!text || (isCode(text) && !this.cleaner.isSuspicious(text))) return text;
    return this.cleaner.withoutIdentity(text);
  }

  private keep(bytes: Bytes, element: Element, vr: string, value: Uint8Array, context: Context): Decision {
    if (vr === "DS" || vr === "IS") {
      const text = trimmed(latin1(value));
      if (!isNumber(text)) return emptied(element.tag, vr, context);
      if (this.isIdentity(element.tag, text.split("\\"))) return withoutValue(element.tag, vr, context);
    } else if (vr === "UI") {
      return this.classUid(bytes, element, vr, value, context);
    } else if (STRINGS.has(vr)) {
      const text = decodeText(value, vr, context.charsets);
      if (text === null || this.isToldIn(text)) return REMOVE;
    } else if (isNumeric(vr)) {
      const numbers = numbersOf(vr, value);
      if (this.isIdentity(element.tag, numbers) || this.isSpelled(value, context)) {
        return withoutValue(element.tag, vr, context);
      }
    } else if (this.namesSomebody(value, context)) return REMOVE;
    return unchanged(bytes, element, vr, value, context);
  }

  /** Whether the bytes of a binary value spell a token. */
  private namesSomebody(value: Uint8Array, context: Context): boolean {
    return textsIn(value, context.charsets).some((text) => this.tells(text));
  }

  /** Whether a value that is kept as it is tells somebody, whole or cut. */
  private isToldIn(text: string): boolean {
    if (this.tells(text)) return true;
    const given = text.split("\\").map(trimmed);
    return given.some((part) => this.tokens.cut(part) || this.tokens.numbered(part));
  }

  private tells(text: string): boolean {
    return this.tokens.hit(text) || this.tokens.disguised(text).length > 0;
  }

  /** Whether numbers spell a token; one number of eight bytes can in plain letters. */
  private isSpelled(value: Uint8Array, context: Context): boolean {
    return (value.length > ONE_NUMBER || isAscii(value)) && this.namesSomebody(value, context);
  }

  /** Whether a number is one of the upload's identifiers, or several written as one. */
  private isIdentity(tag: number, numbers: readonly string[]): boolean {
    if (tag === INSTANCE_NUMBER) return false;
    return numbers.some((number) => this.isIdentifier(strip(number)));
  }

  private isIdentifier(number: string): boolean {
    if (!isPlainNumber(number)) return this.tokens.numberHit(number);
    if (this.tokens.isWrittenLong(number)) return true;
    const [digits = "", ...rest] = number.split(".");
    const isWhole = digits.length > 4 && /^0*$/.test(rest.join("."));
    return isWhole && this.tokens.isNumber(digits.replace(/^[+-]+/, ""));
  }

  /** A UID of a class or scheme stays, unless it is made of a number of the upload. */
  private classUid(bytes: Bytes, element: Element, vr: string, value: Uint8Array, context: Context): Decision {
    const text = latin1(value);
    if (!/^[0-9.\\\0 ]*$/.test(text)) return REMOVE;
    const given = trimmed(text);
    const made = given
      .split("\\")
      .map((uid) => (uid && !this.rules.assigned.has(uid) && this.tokens.numberHit(uid) ? this.uids.get(uid) : uid))
      .join("\\");
    if (made === given) return unchanged(bytes, element, vr, value, context);
    return [encode(element.tag, vr, utf8(made), context.explicitOut), "uid_replaced"];
  }

  private replace(tag: number, vr: string, last: string, context: Context): Decision {
    if (SUBJECT_TAGS.has(tag)) {
      return [encode(tag, vr, utf8(this.rules.plan.subject.subject_id), context.explicitOut), "dummy"];
    }
    if (last === "z") return [encode(tag, vr, new Uint8Array(), context.explicitOut), "emptied"];
    if (last === "d") return [encode(tag, vr, standIn(vr), context.explicitOut), "dummy"];
    return REMOVE;
  }

  /** Keeps private elements of the safe list under their creator; all others go. */
  privates(bytes: Bytes, elements: readonly Element[], context: Context, counts: Counts): Piece[] {
    const creators = new Map<number, string>();
    const reserved = new Map<string, number>();
    const others: Element[] = [];
    for (const element of elements) {
      const number = element.tag % 0x10000;
      if (number < 0x10 || number > 0xff) {
        others.push(element);
        continue;
      }
      const name = trimmed(latin1(bytes.slice(element.value, element.valueEnd)));
      const group = Math.floor(element.tag / 0x10000);
      reserved.set(`${group} ${name}`, (reserved.get(`${group} ${name}`) ?? 0) + 1);
      creators.set(group * 0x10000 + number * 0x100, name);
    }
    const out = new Map<number, Uint8Array>();
    let kept = 0;
    for (const element of others) {
      const group = Math.floor(element.tag / 0x10000);
      const name = creators.get(element.tag - (element.tag % 0x100)) ?? "";
      if (!name || (reserved.get(`${group} ${name}`) ?? 0) > 1) continue;
      const safe = this.rules.privateSafe.get(`${name}\x1f${group}\x1f${element.tag % 0x100}`);
      const piece = safe ? this.privateValue(bytes, element, safe, context) : null;
      if (!piece) continue;
      const creator = group * 0x10000 + Math.floor((element.tag % 0x10000) / 0x100);
      out.set(creator, encode(creator, "LO", latin1Bytes(name), context.explicitOut));
      out.set(element.tag, piece);
      kept += 1;
    }
    counts.private_kept += kept;
    counts.private_removed += elements.length - out.size;
    return [...out].sort(([one], [other]) => one - other);
  }

  private privateValue(bytes: Bytes, element: Element, safe: string, context: Context): Uint8Array | null {
    const value = bytes.slice(element.value, element.valueEnd);
    const given = element.vr;
    const asText =
      (safe === "DT" || safe === "DA") && ["LO", "SH", "ST", "UT", "DA", "DT"].includes(given);
    if (given !== safe && given !== "UN" && !asText) return null;
    const vr = asText ? given : safe;
    const unit = UNIT[safe];
    if (unit) {
      const wrong = value.length % unit || value.length > 1024 || latin1(value).match(PRINTED);
      if (!wrong && this.isPrivateIdentity(element.tag, numbersOf(safe, value))) return null;
      if (!wrong && this.isSpelled(value, context)) return null;
      return wrong ? null : encode(element.tag, vr, value, context.explicitOut);
    }
    if (!isAscii(value)) return null;
    const text = trimmed(latin1(value));
    let made: string | null = text;
    if (safe === "DS" || safe === "IS") {
      const numbers = text.split("\\");
      const isWrong = this.isPrivateIdentity(element.tag, numbers) || numbers.some((one) => this.tokens.people.has(trimmed(one)));
      made = isNumber(text) && !isWrong ? text : null;
    } else if (safe === "DA" || safe === "DT") made = this.dates(text, safe);
    else if (safe === "UI") made = this.mapUids(text);
    else if (this.tokens.hit(text) || this.cleaner.technical(text) !== text) made = null;
    return made === null ? null : encode(element.tag, vr, utf8(made), context.explicitOut);
  }

  private isPrivateIdentity(tag: number, numbers: readonly string[]): boolean {
    return this.isIdentity(tag, numbers) || numbers.some((one) => isInstant(one) || this.tokens.isValue(strip(one)));
  }

  /** The VR to judge and write by: the file's where the dictionary allows it, else null. */
  private usableVr(tag: number, given: string): string | null {
    const allowed = this.rules.vrs.get(tag);
    if (!allowed) return null;
    const first = allowed[0] as string;
    if (allowed.includes(given)) return given;
    if (given === "UN" || (STRINGS.has(given) && STRINGS.has(first))) return this.rules.vrOf(tag);
    return BINARY.has(given) && BINARY.has(first) ? given : null;
  }
}

/** The values of a technical text without identity, also where it is spread over them. */
function cleaned(vr: string, text: string, cleaner: TextCleaner, tokens: Tokens): string {
  const given = parts(vr, text);
  const isSplit = given.length > 1 && tokens.hit(given.join(""));
  const made = given.map((part) => (isSplit ? cleaner.free(part) : cleaner.technical(part))).join("\\");
  return isBlank(made) ? STAND_IN : made;
}

function unchanged(bytes: Bytes, element: Element, vr: string, value: Uint8Array, context: Context): Decision {
  const same = context.explicitIn === context.explicitOut && element.vr === vr;
  if (same && value.length % 2 === 0 && element.end === element.valueEnd) {
    return [bytes.slice(element.start, element.end), "kept"];
  }
  return [encode(element.tag, vr, value, context.explicitOut), "kept"];
}

function emptied(tag: number, vr: string, context: Context): Decision {
  return [encode(tag, vr, new Uint8Array(), context.explicitOut), "emptied"];
}

const NUMERIC_VALUE = 0x0040a30a;

/** A number that is somebody's goes; where one must stand (PS3.3 C.18.1) zero takes its place. */
function withoutValue(tag: number, vr: string, context: Context): Decision {
  if (tag === NUMERIC_VALUE) return [encode(tag, vr, standIn(vr), context.explicitOut), "dummy"];
  return emptied(tag, vr, context);
}

/** Texts that the bytes of a binary value may hold: printed runs, wide runs, other scripts. */
function textsIn(value: Uint8Array, charsets: Charsets): string[] {
  const plain = latin1(value);
  const wide = (plain.match(WIDE) ?? []).map((run) => run.replaceAll("\0", ""));
  const found = [...(plain.match(PRINTED) ?? []), ...wide];
  if (value.length > LONGEST_TEXT || isAscii(value)) return found;
  found.push(new TextDecoder("utf-8", { ignoreBOM: true }).decode(value));
  for (const name of charsets ?? []) found.push(roughly(value, name));
  for (const label of ["utf-16le", "utf-16be"]) {
    found.push(new TextDecoder(label, { ignoreBOM: true }).decode(value).replaceAll("\ufffd", ""));
  }
  return found;
}

const parts = (vr: string, text: string): string[] => (MULTILINE.has(vr) ? [text] : text.split("\\"));

const isBlank = (text: string): boolean => /^[\\ ]*$/.test(text);

function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function standInCode(tag: number, explicit: boolean): Uint8Array {
  const item = joined([
    encode(0x00080100, "SH", utf8("REMOVED"), explicit),
    encode(0x00080102, "SH", utf8("99ICRO"), explicit),
    encode(0x00080104, "LO", utf8("REMOVED"), explicit),
  ]);
  return encodeItems(tag, [item], explicit);
}

/** Whether the value of a code is words: a code has none, longer ones are digits. */
function isTypedCode(tag: number, text: string): boolean {
  if (tag === CODE_VALUE) return text.includes(" ");
  return !(tag === LONG_CODE_VALUE ? /^[0-9.-]+$/ : /^urn:oid:[0-9.]+$/).test(text);
}
