import { type Element, Malformed, NATIVE, type Part10, PIXEL_TAGS, type Reader } from "./encoding";
import type { Rules } from "./plan";
import { charsetsOf, decodeText } from "./text";
import { trimmed } from "./values";

const MAX_PIXELS = 4 * 1024 ** 3;
// JPEG, JPEG-LS and JPEG 2000 streams end with FF D9.
const MARKED = new Set(
  [50, 51, 57, 70, 80, 81, 90, 91, 92, 93, 201, 202, 203].map((n) => `1.2.840.10008.1.2.4.${n}`),
);

/** A file that can be judged: its elements, and what decides how it is treated. */
export interface Opened {
  file: Part10;
  elements: Element[];
  end: number;
  sopClass: string;
  modality: string;
  imageType: string[];
  burnedIn: string;
  overlayInBits: boolean;
  patientId: string;
  uids: { sop: string; series: string; study: string };
  pixels: Element | null;
  /** Bytes of native pixel data as its header says; 0 when the header cannot tell. */
  expected: number;
}

/** Reads and judges one file (PS3.3 C.7.6.3 for the size of pixels). Throws Malformed. */
export function openFile(data: Uint8Array, rules: Rules, reader: Reader): Opened {
  if (!data.length) throw new Malformed("empty_file");
  const file = reader.open(data);
  const { elements, end } = reader.indexFile(file);
  if (!elements.length) throw new Malformed("truncated_header");
  const values = new Map([...elements].reverse().map((element) => [element.tag, element]));
  const raw = (tag: number): Uint8Array => {
    const element = values.get(tag);
    return element ? file.bytes.slice(element.value, element.valueEnd) : new Uint8Array();
  };
  const charsets = charsetsOf(raw(0x00080005));
  const text = (tag: number): string => {
    const element = values.get(tag);
    return element ? trimmed(decodeText(raw(tag), element.vr, charsets) ?? "") : "";
  };
  const uids = { sop: text(0x00080018), series: text(0x0020000e), study: text(0x0020000d) };
  const sopClass = text(0x00080016);
  if (!sopClass || !uids.sop || !uids.series || !uids.study) throw new Malformed("missing_uid");
  const pixels = elements.find((element) => PIXEL_TAGS.has(element.tag)) ?? null;
  const opened: Opened = {
    file,
    elements,
    end,
    sopClass,
    modality: text(0x00080060).toUpperCase(),
    imageType: text(0x00080008).split("\\").filter((part) => part).map((part) => part.trim().toUpperCase()),
    burnedIn: text(0x00280301).toUpperCase(),
    overlayInBits: overlayInBits(values),
    patientId: text(0x00100020),
    uids,
    pixels,
    expected: pixels ? expectedPixelBytes(raw, text, pixels.tag) : 0,
  };
  checkPixels(opened, rules);
  return opened;
}

function expectedPixelBytes(
  raw: (tag: number) => Uint8Array,
  text: (tag: number) => string,
  pixelTag: number,
): number {
  const number = (tag: number): number => {
    const value = raw(tag);
    return value.length >= 2 ? (value[0] as number) + 256 * (value[1] as number) : 0;
  };
  const stated = text(0x00280008).split("\\")[0]?.trim() ?? "";
  const frames = !stated ? 1 : /^\d{1,8}$/.test(stated) ? Number(stated) : 0;
  const bits = { 0x7fe00008: 32, 0x7fe00009: 64 }[pixelTag] ?? number(0x00280100);
  const samples = number(0x00280002) || 1;
  const halved = text(0x00280004) === "YBR_FULL_422" && samples === 3;
  const count = number(0x00280010) * number(0x00280011) * frames * (halved ? 2 : samples);
  return Math.floor((count * bits + 7) / 8);
}

function checkPixels(opened: Opened, rules: Rules): void {
  const { pixels, expected, file } = opened;
  if (!pixels) {
    const name = rules.plan.assigned_uids[opened.sopClass] ?? "";
    if (name.includes("Image Storage")) throw new Malformed("pixel_data_cut");
    return;
  }
  if (expected > MAX_PIXELS) throw new Malformed("pixel_size_impossible");
  if (NATIVE.has(file.syntax)) {
    if (pixels.valueEnd - pixels.value < expected) throw new Malformed("pixel_data_short");
  } else if (MARKED.has(file.syntax)) {
    const tail = file.bytes.slice(Math.max(pixels.value, pixels.valueEnd - 64), pixels.valueEnd);
    if (!tail.some((byte, i) => byte === 0xff && tail[i + 1] === 0xd9)) throw new Malformed("codestream_cut");
  }
}

/** An overlay plane without data of its own lies in unused bits of the pixels (PS3.5 8.1.2). */
function overlayInBits(values: ReadonlyMap<number, Element>): boolean {
  return [...values.keys()].some((tag) => {
    const group = Math.floor(tag / 0x10000);
    const plane = group >= 0x6000 && group < 0x6100 && group % 2 === 0;
    const begun = values.has(group * 0x10000 + 0x0010) || values.has(group * 0x10000 + 0x0100);
    return plane && begun && !values.has(group * 0x10000 + 0x3000);
  });
}
