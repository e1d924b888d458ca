import dicomParser from "dicom-parser";
import { head } from "./inflating";
import { nameOf, type Source } from "./source";

/** What the checks need of one file. Identity in it stays in this browser. */
export interface Header {
  /** Reason code for a file that is no image that can be judged, "" otherwise. */
  code: string;
  patient: string;
  /** The name as it is written, for the person who chose the files; never sent. */
  patientName: string;
  study: string;
  series: string;
  sop: string;
  modality: string;
  description: string;
  seriesNumber: number;
  studyDate: string;
  acquisitionDate: string;
  imageType: string[];
  position: number[];
  orientation: number[];
  thickness: number | null;
  /** Tells repeated acquisitions of one position apart: time, echo, b-value. */
  volume: string;
  temporalPositions: number;
  frames: number;
  manufacturer: string;
  model: string;
  serial: string;
  lossy: boolean;
  /** Where the pixel data begins, 0 when the part that was read does not reach it. */
  pixelsAt: number;
}

const FIRST = 64 * 1024;
const MOST = 8 * 1024 * 1024;
const PIXELS = "x7fe00010";
const DICOMDIR = "1.2.840.10008.1.3.10";
const ALWAYS_LOSSY = ["50", "51", "81"].map((suffix) => `1.2.840.10008.1.2.4.${suffix}`);
const EITHER = ["91", "203"].map((suffix) => `1.2.840.10008.1.2.4.${suffix}`);
const VOLUME_MARKS = [
  "x00200100", "x00200012", "x00180086", "x00180081", "x00180082", "x00181060", "x00189087", "x00080008",
  "x00080033", "x00080032", "x0008002a", "x00541300",
];

const EMPTY: Header = {
  code: "", patient: "", patientName: "", study: "", series: "", sop: "", modality: "", description: "",
  seriesNumber: 0, studyDate: "", acquisitionDate: "", imageType: [], position: [], orientation: [],
  thickness: null, volume: "", temporalPositions: 0, frames: 1, manufacturer: "", model: "", serial: "",
  lossy: false, pixelsAt: 0,
};

/** Reads the header of a file by growing slices; pixels are never read. */
export async function readHeader(source: Source): Promise<Header> {
  if (!source.size) return { ...EMPTY, code: "empty_file" };
  for (let size = FIRST; ; size *= 8) {
    const bytes = await head(source, Math.min(size, source.size));
    const kind = kindOf(bytes, nameOf(source), source.inZip === true);
    if (kind) return { ...EMPTY, code: kind };
    const found = parsed(bytes, bytes.length >= source.size);
    if (found) return found;
    if (size >= Math.min(MOST, source.size)) return { ...EMPTY, code: "truncated_header" };
  }
}

function text(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

function kindOf(bytes: Uint8Array, name: string, inZip: boolean): string {
  if (text(bytes, 128, 132) === "DICM") {
    const isIndex = name.toUpperCase() === "DICOMDIR" || text(bytes, 132, 600).includes(DICOMDIR);
    return isIndex ? "dicomdir" : "";
  }
  if (text(bytes, 0, 2) === "PK" && [3, 5].includes(bytes[2] ?? 0)) {
    return inZip ? "archive_in_archive" : "archive_not_opened";
  }
  return looksLikeData(bytes) ? "" : "not_dicom";
}

/** A data set without preamble: group 2 or 8, then a VR or a small length. */
function looksLikeData(bytes: Uint8Array): boolean {
  const group = (bytes[0] ?? 0) + 256 * (bytes[1] ?? 0);
  if (bytes.length < 16 || (group !== 2 && group !== 8) || (bytes[3] ?? 0) > 0x30) return false;
  if (/^[A-Z]{2}$/.test(text(bytes, 4, 6))) return true;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true) <= 1024;
}

/** The header, or nothing when more bytes are needed (or, of the whole file, when it is damaged). */
function parsed(bytes: Uint8Array, whole: boolean): Header | null {
  const options: Record<string, unknown> = { untilTag: PIXELS };
  if (text(bytes, 128, 132) !== "DICM") {
    options["TransferSyntaxUID"] = /^[A-Z]{2}$/.test(text(bytes, 4, 6))
      ? "1.2.840.10008.1.2.1"
      : "1.2.840.10008.1.2";
  }
  let set: dicomParser.DataSet;
  try {
    set = dicomParser.parseDicom(bytes, options as unknown as dicomParser.ParseDicomOptions);
  } catch (error) {
    // The parser hands over what it understood before it ran out of bytes.
    const partial = (error as { dataSet?: dicomParser.DataSet }).dataSet;
    if (!whole || !partial?.elements["x0020000d"]) {
      return whole ? { ...EMPTY, code: "truncated_header" } : null;
    }
    set = partial;
  }
  const hasPixels = set.elements[PIXELS] !== undefined;
  if (!hasPixels && !whole) return null;
  return headerOf(set);
}

function headerOf(set: dicomParser.DataSet): Header {
  const say = (tag: string): string => set.string(tag)?.trim() ?? "";
  const numbers = (tag: string): number[] => {
    const values = say(tag).split("\\").map(Number);
    return values.some((value) => Number.isNaN(value)) || !say(tag) ? [] : values;
  };
  const shared = item(set, "x52009229");
  const first = item(set, "x52009230");
  const group = (tag: string): dicomParser.DataSet | undefined => item(first, tag) ?? item(shared, tag);
  const place = group("x00209113");
  const plane = group("x00209116");
  const measures = group("x00289110");
  const syntax = say("x00020010");
  const stated = say("x00282110");
  const thickness = Number(say("x00180050") || (measures?.string("x00180050") ?? ""));
  const header: Header = {
    ...EMPTY,
    patient: say("x00100020") || say("x00100010"),
    patientName: personName(set),
    study: say("x0020000d"),
    series: say("x0020000e"),
    sop: say("x00080018"),
    modality: say("x00080060"),
    description: say("x0008103e"),
    seriesNumber: Number(say("x00200011")) || 0,
    studyDate: say("x00080020").slice(0, 8),
    acquisitionDate: (say("x00080022") || say("x0008002a") || say("x00080021")).slice(0, 8),
    imageType: say("x00080008").split("\\").map((word) => word.trim().toUpperCase()),
    position: numbers("x00200032"),
    orientation: numbers("x00200037"),
    thickness: thickness > 0 ? thickness : null,
    volume: VOLUME_MARKS.map((tag) => say(tag)).join("|"),
    temporalPositions: Number(say("x00200105")) || 0,
    frames: Number(say("x00280008")) || 1,
    manufacturer: say("x00080070"),
    model: say("x00081090"),
    serial: say("x00181000"),
    lossy: stated === "01" || ALWAYS_LOSSY.includes(syntax) || (EITHER.includes(syntax) && stated !== "00"),
    pixelsAt: set.elements[PIXELS]?.dataOffset ?? 0,
  };
  if (place && !header.position.length) header.position = list(place.string("x00200032"));
  if (plane && !header.orientation.length) header.orientation = list(plane.string("x00200037"));
  if (!header.study || !header.series || !header.sop) header.code = "missing_uid";
  return header;
}

/** A name in the characters it was written in: UTF-8 if it is that, else as Latin. */
function personName(set: dicomParser.DataSet): string {
  const element = set.elements["x00100010"];
  if (!element) return "";
  const bytes = set.byteArray.subarray(element.dataOffset, element.dataOffset + element.length) as Uint8Array;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).trim();
  } catch {
    return set.string("x00100010")?.trim() ?? "";
  }
}

function item(set: dicomParser.DataSet | undefined, tag: string): dicomParser.DataSet | undefined {
  return set?.elements[tag]?.items?.[0]?.dataSet;
}

function list(value: string | undefined): number[] {
  return (value ?? "").split("\\").map(Number).filter((number) => !Number.isNaN(number));
}
