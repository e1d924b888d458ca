import { inflateSync } from "fflate";
import type { Rules } from "./plan";
import { encode, encodeItems, joined } from "./writing";

export const MAX_DEPTH = 32;
const MAX_INFLATED = 512 * 1024 * 1024;
const UNDEFINED = 0xffffffff;
export const PIXEL_TAGS: ReadonlySet<number> = new Set([0x7fe00008, 0x7fe00009, 0x7fe00010]);

export const IMPLICIT_LE = "1.2.840.10008.1.2";
export const EXPLICIT_LE = "1.2.840.10008.1.2.1";
export const DEFLATED_LE = "1.2.840.10008.1.2.1.99";
export const EXPLICIT_BE = "1.2.840.10008.1.2.2";
export const NATIVE: ReadonlySet<string> = new Set([IMPLICIT_LE, EXPLICIT_LE, DEFLATED_LE, EXPLICIT_BE]);

const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;

const words = (text: string): ReadonlySet<string> => new Set(text.split(" "));
export const LONG_VRS = words("OB OD OF OL OV OW SQ SV UC UN UR UT UV");
export const SHORT_VRS = words("AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US");
export const TEXT_VRS = words("LO SH ST LT UT UC PN");

/** Why bytes are no data set that can be judged; `code` is the server's reason code. */
export class Malformed extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** Where an element lies: `valueEnd` leaves out the delimiter of an undefined length. */
export interface Element {
  tag: number;
  vr: string;
  start: number;
  value: number;
  valueEnd: number;
  end: number;
}

/** An opened file: the bytes that hold the data set, where it starts, and how it is written. */
export interface Part10 {
  bytes: Bytes;
  start: number;
  syntax: string;
  explicit: boolean;
  notes: string[];
}

/** Bytes with the reads that DICOM needs; little endian throughout. */
export class Bytes {
  readonly view: DataView;

  constructor(readonly data: Uint8Array) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get length(): number {
    return this.data.length;
  }

  tag(at: number): number {
    return this.view.getUint16(at, true) * 0x10000 + this.view.getUint16(at + 2, true);
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  two(at: number): string {
    return String.fromCharCode(this.data[at] ?? 0, this.data[at + 1] ?? 0);
  }

  slice(start: number, end: number): Uint8Array {
    return this.data.subarray(start, end);
  }
}

/** Reads elements without trusting any length in them (PS3.5). */
export class Reader {
  constructor(private readonly rules: Rules) {}

  private element(bytes: Bytes, pos: number, end: number, explicit: boolean, depth: number): Element {
    if (pos + 8 > end) throw new Malformed("truncated_header");
    const tag = bytes.tag(pos);
    let vr: string;
    let length: number;
    let value = pos + 8;
    if (explicit) {
      vr = bytes.two(pos + 4);
      if (LONG_VRS.has(vr)) {
        if (pos + 12 > end) throw new Malformed("truncated_header");
        length = bytes.u32(pos + 8);
        value = pos + 12;
      } else if (SHORT_VRS.has(vr)) {
        length = bytes.u16(pos + 6);
      } else throw new Malformed("bad_vr");
    } else {
      vr = this.rules.vrOf(tag);
      length = bytes.u32(pos + 4);
    }
    if (length === UNDEFINED) {
      if (PIXEL_TAGS.has(tag)) {
        const [valueEnd, next] = this.fragments(bytes, value, end);
        return { tag, vr: "OB", start: pos, value, valueEnd, end: next };
      }
      if (vr !== "SQ" && vr !== "UN") throw new Malformed("undefined_length");
      const [valueEnd, next] = this.endOfItems(bytes, value, end, explicit && vr === "SQ", depth + 1);
      return { tag, vr, start: pos, value, valueEnd, end: next };
    }
    if (value + length > end) {
      throw new Malformed(PIXEL_TAGS.has(tag) ? "pixel_data_cut" : "length_past_end");
    }
    return { tag, vr, start: pos, value, valueEnd: value + length, end: value + length };
  }

  private fragments(bytes: Bytes, from: number, end: number): [number, number] {
    let pos = from;
    while (pos + 8 <= end) {
      const tag = bytes.tag(pos);
      if (tag === SEQUENCE_END) return [pos, pos + 8];
      const length = bytes.u32(pos + 4);
      if (tag !== ITEM || pos + 8 + length > end) break;
      pos += 8 + length;
    }
    throw new Malformed("pixel_data_cut");
  }

  private endOfItems(
    bytes: Bytes,
    from: number,
    end: number,
    explicit: boolean,
    depth: number,
  ): [number, number] {
    if (depth > MAX_DEPTH) throw new Malformed("too_deep");
    let pos = from;
    while (pos + 8 <= end) {
      const tag = bytes.tag(pos);
      if (tag === SEQUENCE_END) return [pos, pos + 8];
      if (tag !== ITEM) throw new Malformed("bad_item");
      pos = this.endOfItem(bytes, pos, end, explicit, depth)[1];
    }
    throw new Malformed("truncated_sequence");
  }

  /** Ends of the item whose tag lies at `at`: of its data set, and of its delimiter. */
  private endOfItem(
    bytes: Bytes,
    at: number,
    end: number,
    explicit: boolean,
    depth: number,
  ): [number, number] {
    const length = bytes.u32(at + 4);
    let pos = at + 8;
    if (length !== UNDEFINED) {
      if (pos + length > end) throw new Malformed("length_past_end");
      return [pos + length, pos + length];
    }
    while (pos + 8 <= end) {
      if (bytes.tag(pos) === ITEM_END) return [pos, pos + 8];
      pos = this.element(bytes, pos, end, explicit, depth).end;
    }
    throw new Malformed("truncated_sequence");
  }

  /** The (start, end) of the data set of every item of a sequence. */
  items(bytes: Bytes, element: Element, explicit: boolean, depth: number): [number, number][] {
    if (depth > MAX_DEPTH) throw new Malformed("too_deep");
    const found: [number, number][] = [];
    let pos = element.value;
    while (pos + 8 <= element.valueEnd) {
      const tag = bytes.tag(pos);
      if (tag === SEQUENCE_END) break;
      if (tag !== ITEM) throw new Malformed("bad_item");
      const [innerEnd, next] = this.endOfItem(bytes, pos, element.valueEnd, explicit, depth);
      found.push([pos + 8, innerEnd]);
      pos = next;
    }
    return found;
  }

  /** Every element of one data set or item, in file order. */
  index(bytes: Bytes, start: number, end: number, explicit: boolean, depth = 0): Element[] {
    const found: Element[] = [];
    for (let pos = start; pos < end; ) {
      const element = this.element(bytes, pos, end, explicit, depth);
      found.push(element);
      pos = element.end;
    }
    return found;
  }

  /** The top level of a file. Bytes that cannot continue the data set are trailing bytes. */
  indexFile(file: Part10): { elements: Element[]; end: number } {
    const { bytes, explicit } = file;
    const end = bytes.length;
    const elements: Element[] = [];
    let pos = file.start;
    let last = 0;
    while (pos < end) {
      const tag = pos + 4 <= end ? bytes.tag(pos) : 0;
      let element: Element;
      try {
        element = this.element(bytes, pos, end, explicit, 0);
      } catch (problem) {
        const isText = !bytes.slice(pos, pos + 8).includes(0);
        if (elements.length && this.isTrailing(tag, last, (problem as Malformed).code, isText)) break;
        throw problem;
      }
      if (tag <= last && elements.length && !this.rules.knows(tag) && !isOdd(tag)) break;
      if (tag === 0 && elements.length) break;
      elements.push(element);
      last = Math.max(last, tag);
      pos = element.end;
    }
    return { elements, end: pos };
  }

  /** Whether what cannot be read follows the data set; eight bytes without a zero are no header. */
  private isTrailing(tag: number, last: number, code: string, isText: boolean): boolean {
    if (last >= 0x7fe00008 || tag <= last || tag === 0) return true;
    if (isText && code === "length_past_end" && !this.rules.knows(tag)) return true;
    const cut = ["bad_vr", "truncated_header", "length_past_end"].includes(code);
    return cut && !this.rules.knows(tag) && !(isOdd(tag) && code !== "bad_vr");
  }

  /** Finds the data set in the bytes of a file; big endian is rewritten, deflate is opened. */
  open(data: Uint8Array): Part10 {
    const bytes = new Bytes(data);
    const notes: string[] = [];
    let pos = 0;
    if (data.length >= 132 && bytes.two(128) === "DI" && bytes.two(130) === "CM") pos = 132;
    else notes.push("no_preamble");
    const meta = this.meta(bytes, pos);
    let syntax = meta.syntax;
    pos = meta.pos;
    if (!syntax) {
      syntax = this.probe(bytes, pos) ? EXPLICIT_LE : IMPLICIT_LE;
      notes.push("no_transfer_syntax");
    }
    if (syntax === DEFLATED_LE) {
      const plain = new Bytes(inflated(data.subarray(pos)));
      return { bytes: plain, start: 0, syntax, explicit: true, notes };
    }
    if (syntax === EXPLICIT_BE) {
      notes.push("big_endian_rewritten");
      const turned = new Bytes(swapped(bytes, pos, bytes.length, 0));
      return { bytes: turned, start: 0, syntax: EXPLICIT_LE, explicit: true, notes };
    }
    let explicit = syntax !== IMPLICIT_LE;
    if (pos + 8 <= bytes.length && looksExplicit(bytes, pos) !== explicit) {
      explicit = this.probe(bytes, pos);
      notes.push("transfer_syntax_contradicts_data");
      if (syntax === IMPLICIT_LE || syntax === EXPLICIT_LE) syntax = explicit ? EXPLICIT_LE : IMPLICIT_LE;
    }
    return { bytes, start: pos, syntax, explicit, notes };
  }

  private meta(bytes: Bytes, from: number): { syntax: string; pos: number } {
    let syntax = "";
    let pos = from;
    while (pos + 8 <= bytes.length && bytes.u16(pos) === 2) {
      const element = this.element(bytes, pos, bytes.length, looksExplicit(bytes, pos), 0);
      if (element.tag === 0x00020010) {
        syntax = String.fromCharCode(...bytes.slice(element.value, element.valueEnd)).replace(/^[\0 ]+|[\0 ]+$/g, "");
      }
      pos = element.end;
    }
    return { syntax, pos };
  }

  private probe(bytes: Bytes, pos: number): boolean {
    if (pos + 8 > bytes.length) throw new Malformed("not_dicom");
    const tag = bytes.tag(pos);
    const group = Math.floor(tag / 0x10000);
    const known = this.rules.knows(tag) || tag % 0x10000 === 0;
    if ((group !== 8 && group !== 0x10) || !known) throw new Malformed("not_dicom");
    return looksExplicit(bytes, pos);
  }
}

const isOdd = (tag: number): boolean => Math.floor(tag / 0x10000) % 2 === 1;

function looksExplicit(bytes: Bytes, pos: number): boolean {
  const vr = bytes.two(pos + 4);
  return LONG_VRS.has(vr) || SHORT_VRS.has(vr);
}

function inflated(data: Uint8Array): Uint8Array {
  try {
    const plain = inflateSync(data);
    if (plain.length > MAX_INFLATED) throw new Malformed("inflates_too_far");
    return plain;
  } catch (problem) {
    if (problem instanceof Malformed) throw problem;
    throw new Malformed("bad_deflate");
  }
}

// --- big endian ---------------------------------------------------------------------------

const UNIT: Record<string, number> = {
  US: 2, SS: 2, OW: 2, AT: 2, UL: 4, SL: 4, FL: 4, OF: 4, OL: 4, FD: 8, OD: 8, OV: 8, SV: 8, UV: 8,
};

const bigTag = (bytes: Bytes, at: number): number =>
  bytes.view.getUint16(at, false) * 0x10000 + bytes.view.getUint16(at + 2, false);

interface BigHead {
  vr: string;
  value: number;
  length: number;
}

function bigHead(bytes: Bytes, pos: number, end: number): BigHead | null {
  const vr = bytes.two(pos + 4);
  if (LONG_VRS.has(vr)) {
    if (pos + 12 > end) throw new Malformed("truncated_header");
    return { vr, value: pos + 12, length: bytes.view.getUint32(pos + 8, false) };
  }
  if (!SHORT_VRS.has(vr)) return null;
  return { vr, value: pos + 8, length: bytes.view.getUint16(pos + 6, false) };
}

/** Explicit big endian elements rewritten as explicit little endian, values included. */
function swapped(bytes: Bytes, from: number, end: number, depth: number): Uint8Array {
  if (depth > MAX_DEPTH) throw new Malformed("too_deep");
  const out: Uint8Array[] = [];
  for (let pos = from; pos + 8 <= end; ) {
    const tag = bigTag(bytes, pos);
    if (tag === ITEM_END) break;
    const head = bigHead(bytes, pos, end);
    if (!head) {
      if (out.length && depth === 0) break;
      throw new Malformed("bad_vr");
    }
    if (head.vr === "SQ") {
      const limit = head.length === UNDEFINED ? end : head.value + head.length;
      const [contents, next] = swappedItems(bytes, head.value, limit, end, depth + 1);
      out.push(encodeItems(tag, contents, true));
      pos = next;
      continue;
    }
    if (head.length === UNDEFINED || head.value + head.length > end) throw new Malformed("length_past_end");
    const value = bytes.slice(head.value, head.value + head.length);
    out.push(encode(tag, head.vr, turned(value, UNIT[head.vr] ?? 1), true));
    pos = head.value + head.length;
  }
  return joined(out);
}

function swappedItems(
  bytes: Bytes,
  from: number,
  limit: number,
  end: number,
  depth: number,
): [Uint8Array[], number] {
  if (limit > end) throw new Malformed("length_past_end");
  const found: Uint8Array[] = [];
  let pos = from;
  while (pos + 8 <= limit) {
    const tag = bigTag(bytes, pos);
    const length = bytes.view.getUint32(pos + 4, false);
    if (tag === SEQUENCE_END) return [found, pos + 8];
    if (tag !== ITEM) throw new Malformed("bad_item");
    const known = length !== UNDEFINED;
    const innerEnd = known ? pos + 8 + length : bigItemEnd(bytes, pos + 8, limit, depth);
    if (innerEnd > limit) throw new Malformed("length_past_end");
    found.push(swapped(bytes, pos + 8, innerEnd, depth));
    pos = known ? innerEnd : innerEnd + 8;
  }
  return [found, pos];
}

function bigItemEnd(bytes: Bytes, from: number, end: number, depth: number): number {
  for (let pos = from; pos + 8 <= end; ) {
    if (bigTag(bytes, pos) === ITEM_END) return pos;
    const head = bigHead(bytes, pos, end) ?? {
      vr: "",
      value: pos + 8,
      length: bytes.view.getUint16(pos + 6, false),
    };
    pos =
      head.length === UNDEFINED
        ? swappedItems(bytes, head.value, end, end, depth + 1)[1]
        : head.value + head.length;
  }
  throw new Malformed("truncated_sequence");
}

function turned(value: Uint8Array, unit: number): Uint8Array {
  if (unit === 1 || value.length % unit) return value;
  const out = new Uint8Array(value.length);
  for (let at = 0; at < value.length; at += unit) {
    for (let i = 0; i < unit; i += 1) out[at + i] = value[at + unit - 1 - i] as number;
  }
  return out;
}
