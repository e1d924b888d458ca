import { deflateSync } from "fflate";
import {
  type Bytes,
  DEFLATED_LE,
  type Element,
  EXPLICIT_LE,
  IMPLICIT_LE,
  Malformed,
  NATIVE,
  PIXEL_TAGS,
  type Reader,
} from "./encoding";
import { type Context, type Counts, EFFECTS, ElementRules, type Piece } from "./elements";
import type { Opened } from "./facts";
import type { KeyedUids } from "./keyed";
import { isPrivate, type Rules } from "./plan";
import { charsetsOf } from "./text";
import type { Tokens } from "./tokens";
import { trialElements, writtenTags } from "./trial";
import { encode, encodeHeader, encodeItems, joined, utf8 } from "./writing";

// Structured reports and key object selections. Their series ask for Referenced Performed Procedure
// Step Sequence, if only empty (Type 2, PS3.3 C.17.1); in images, where it is absent or has an item
// (Type 1C), it is removed.
const REPORTS = ["1.2.840.10008.5.1.4.1.1.88.", "1.2.840.10008.5.1.4.1.1.79.1"];
const STEPS = 0x00081111;
const IMPLEMENTATION_UID = "2.25.214893716650229746528317960517733451822";

/** A cleaned file: what stands before the pixels, the pixels as they came, what stands after. */
export interface Cleaned {
  head: Uint8Array;
  pixels: Uint8Array;
  tail: Uint8Array;
  /** The data set alone, readable by itself: what the second reading looks through. */
  readable: Uint8Array;
  counts: Counts;
}

/**
 * The server's engine (`imaging/pipeline/deidentify`) in the browser: allow-list first, then the
 * action of the profile, then the text; every sequence is entered; pixel bytes are copied.
 */
export class Cleaner {
  /** The identity of the upload less the trial's own values. */
  readonly tokens: Tokens;
  private readonly elementRules: ElementRules;
  private readonly written: ReadonlySet<number>;

  constructor(
    private readonly rules: Rules,
    private readonly reader: Reader,
    tokens: Tokens,
    private readonly uids: KeyedUids,
  ) {
    const { subject, trial } = rules.plan;
    const own = [
      subject.subject_id, subject.site_id, subject.time_point_id, subject.time_point_description,
      trial.sponsor_name, trial.protocol_id, trial.protocol_name, trial.site_name,
      trial.coordinating_center_name,
    ];
    this.tokens = tokens.without(own);
    this.elementRules = new ElementRules(rules, this.tokens, uids);
    this.written = writtenTags(rules.plan);
  }

  /** Cleans one file; new UIDs that are not made yet are made first. Throws Malformed. */
  async clean(opened: Opened): Promise<Cleaned> {
    for (;;) {
      const cleaned = this.once(opened);
      if (!this.uids.missing.size) return cleaned;
      await this.uids.fill();
    }
  }

  private once(opened: Opened): Cleaned {
    const { file, elements } = opened;
    const explicitOut = file.syntax !== IMPLICIT_LE;
    const own = elements.find((element) => element.tag === 0x00080005);
    const charsets = charsetsOf(own ? file.bytes.slice(own.value, own.valueEnd) : new Uint8Array());
    const context: Context = { explicitIn: file.explicit, explicitOut, charsets };
    const counts = noCounts();
    const top = elements.filter((element) => !this.written.has(element.tag) && !PIXEL_TAGS.has(element.tag));
    counts.dummy += elements.length - top.length - (opened.pixels ? 1 : 0);
    const found = this.dataSet(file.bytes, top, context, 0, counts);
    found.push(...trialElements(this.rules.plan, explicitOut));
    if (REPORTS.some((start) => opened.sopClass.startsWith(start))) found.push([STEPS, encodeItems(STEPS, [], explicitOut)]);
    found.sort(([one], [other]) => one - other);
    const before = joined(found.filter(([tag]) => tag < 0x7fe00008).map(([, piece]) => piece));
    const after = joined(found.filter(([tag]) => tag > 0x7fe00010).map(([, piece]) => piece));
    return this.assembled(opened, before, after, counts);
  }

  private assembled(opened: Opened, before: Uint8Array, after: Uint8Array, counts: Counts): Cleaned {
    const { file } = opened;
    const sop = this.uids.get(opened.uids.sop);
    const meta = this.meta(opened.sopClass, sop, file.syntax);
    const plainSyntax = file.syntax === IMPLICIT_LE ? IMPLICIT_LE : EXPLICIT_LE;
    const readable = joined([this.meta(opened.sopClass, sop, plainSyntax), before, after]);
    const around = pixelFrame(opened, file.syntax !== IMPLICIT_LE);
    if (file.syntax === DEFLATED_LE) {
      const plain = joined([before, around.head, around.pixels, around.tail, after]);
      const packed = deflateSync(plain, { level: 6 });
      const even = packed.length % 2 ? joined([packed, new Uint8Array(1)]) : packed;
      const none = new Uint8Array();
      return { head: joined([meta, even]), pixels: none, tail: none, readable, counts };
    }
    const head = joined([meta, before, around.head]);
    return { head, pixels: around.pixels, tail: joined([around.tail, after]), readable, counts };
  }

  /** A new preamble of zeros and new meta information: nothing of the received one is kept. */
  private meta(sopClass: string, sopUid: string, syntax: string): Uint8Array {
    const group = joined([
      encode(0x00020001, "OB", new Uint8Array([0, 1]), true),
      encode(0x00020002, "UI", utf8(sopClass), true),
      encode(0x00020003, "UI", utf8(sopUid), true),
      encode(0x00020010, "UI", utf8(syntax), true),
      encode(0x00020012, "UI", utf8(IMPLEMENTATION_UID), true),
      encode(0x00020013, "SH", utf8(this.rules.plan.engine), true),
    ]);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, group.length, true);
    return joined([new Uint8Array(128), utf8("DICM"), encode(0x00020000, "UL", length, true), group]);
  }

  private dataSet(
    bytes: Bytes,
    elements: readonly Element[],
    context: Context,
    depth: number,
    counts: Counts,
  ): Piece[] {
    const out: Piece[] = [];
    const privates: Element[] = [];
    // A second value under one tag could hide identity: the first one counts.
    const once = new Map<number, Element>();
    for (const element of elements) if (!once.has(element.tag)) once.set(element.tag, element);
    counts.removed += elements.length - once.size;
    for (const element of once.values()) {
      if (isPrivate(element.tag)) {
        privates.push(element);
        continue;
      }
      if (this.elementRules.isSequence(element)) {
        const piece = this.sequence(bytes, element, context, depth, counts);
        if (piece) out.push([element.tag, piece]);
        continue;
      }
      const [piece, effect] = this.elementRules.decide(bytes, element, context);
      counts[effect] += 1;
      if (piece) out.push([element.tag, piece]);
    }
    if (privates.length) out.push(...this.elementRules.privates(bytes, privates, context, counts));
    return out;
  }

  private sequence(
    bytes: Bytes,
    element: Element,
    context: Context,
    depth: number,
    counts: Counts,
  ): Uint8Array | null {
    const whole = this.elementRules.wholeSequence(element.tag, context.explicitOut);
    if (whole) {
      counts[whole[1]] += 1;
      return whole[0];
    }
    const explicitIn = context.explicitIn && element.vr === "SQ";
    const inner = noCounts();
    let spans: [number, number][];
    let contents: Uint8Array[];
    try {
      spans = this.reader.items(bytes, element, explicitIn, depth + 1);
      contents = spans.map((span) => this.item(bytes, span, { ...context, explicitIn }, depth + 1, inner));
    } catch (problem) {
      // A value that came without a type and is no sequence after all cannot be judged.
      if (!(problem instanceof Malformed) || element.vr === "SQ") throw problem;
      counts.removed += 1;
      return null;
    }
    for (const effect of EFFECTS) counts[effect] += inner[effect];
    if (spans.some(([start, end]) => end > start) && contents.every((content) => !content.length)) {
      counts.removed += 1;
      return null;
    }
    return encodeItems(element.tag, contents, context.explicitOut);
  }

  private item(
    bytes: Bytes,
    [start, end]: [number, number],
    context: Context,
    depth: number,
    counts: Counts,
  ): Uint8Array {
    const elements = this.reader.index(bytes, start, end, context.explicitIn, depth);
    const own = elements.find((one) => one.tag === 0x00080005);
    const charsets = own ? charsetsOf(bytes.slice(own.value, own.valueEnd)) : context.charsets;
    const kept = elements.filter((one) => one !== own);
    const pieces = this.dataSet(bytes, kept, { ...context, charsets }, depth, counts);
    pieces.sort(([one], [other]) => one - other);
    return joined(pieces.map(([, piece]) => piece));
  }
}

const noCounts = (): Counts => Object.fromEntries(EFFECTS.map((effect) => [effect, 0])) as Counts;

/** The element around the pixel bytes; native data lose what follows the last frame. */
function pixelFrame(opened: Opened, explicit: boolean): { head: Uint8Array; pixels: Uint8Array; tail: Uint8Array } {
  const { pixels: element, file } = opened;
  const none = new Uint8Array();
  if (!element) return { head: none, pixels: none, tail: none };
  let length = element.valueEnd - element.value;
  const whole = opened.expected + (opened.expected % 2);
  if (NATIVE.has(file.syntax) && whole > 0 && whole < length && length % whole) length = whole;
  const pixels = file.bytes.slice(element.value, element.value + length);
  if (element.valueEnd !== element.end) {
    const end = new Uint8Array([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
    return { head: encodeHeader(element.tag, "OB", 0xffffffff, explicit), pixels, tail: end };
  }
  const vr = element.vr === "UN" ? "OW" : element.vr;
  const head = encodeHeader(element.tag, vr, length + (length % 2), explicit);
  return { head, pixels, tail: new Uint8Array(length % 2) };
}
