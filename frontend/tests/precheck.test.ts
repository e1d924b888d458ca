import { expect, test } from "vitest";
import { numbered, stackOf } from "../src/upload/geometry";
import { type Header, readHeader } from "../src/upload/header";
import { check, type Examined, masked } from "../src/upload/precheck";
import type { RuleSheet } from "../src/upload/rules";
import { sourceOf } from "../src/upload/source";
import { passed } from "../src/upload/view";

const words = (title: string, means = ""): RuleSheet["words"][string] => ({ title, means, error: "Fix it.", warning: "Know it." });
const always = (level: "error" | "warning" | "info", tolerance = 0): RuleSheet["checks"][string] => ({ "*": { level, tolerance } });

const RULES: RuleSheet = {
  checks: {
    mixed_subject: always("error"),
    missing_slices: always("error", 0.05),
    duplicate_position: always("error"),
    duplicate_instance: always("info"),
    conflicting_instance: always("error"),
    localiser: always("info"),
    derived_series: always("info"),
    not_an_image: always("info"),
    date_out_of_window: always("error"),
    date_in_future: always("error"),
    date_missing: always("warning"),
    expected_series_missing: always("error"),
    wrong_modality: always("error"),
    scanner_unknown: always("warning"),
    serial_changed: always("warning"),
    lossy_compression: always("warning"),
  },
  values: [
    {
      modality: "CT", parameter: "slice_thickness_mm", title: "Slice thickness", unit: "mm", kind: "max",
      numbers: [5], tolerance: 0.05, level: "error", expected: "at most 5 mm",
    },
  ],
  words: {
    mixed_subject: words("Images of more than one subject"),
    missing_slices: words("Slices are missing", "The stack has gaps of whole slices: {measured}."),
    duplicate_position: words("Two slices lie at the same position", "{measured}"),
    duplicate_instance: words("The same image came twice"),
    conflicting_instance: words("Two different images share one identifier"),
    localiser: words("Localiser"),
    derived_series: words("Derived series"),
    not_an_image: words("Not an image series"),
    date_out_of_window: words("The scan date is outside the visit's window", "Scanned on {measured}; the window is {expected}."),
    date_in_future: words("The scan date lies in the future"),
    date_missing: words("The scan date is missing"),
    expected_series_missing: words("An expected series is missing", "The visit needs {expected}; received: {measured}."),
    wrong_modality: words("Wrong kind of examination", "Expected {expected}, received {measured}."),
    scanner_unknown: words("The scanner is not on the study's list", "Scanned on {measured}."),
    serial_changed: words("Another scanner of the same model"),
    lossy_compression: words("Images were compressed with loss"),
    outside_guideline: words("{parameter} is outside the guideline", "Measured {measured}; the guideline asks for {expected}."),
  },
  files: { not_dicom: "The file is not a DICOM image. It was left out." },
  window: { first: "2026-02-26", last: "2026-03-12", words: "26 Feb 2026 to 12 Mar 2026" },
  today: "2026-03-20",
  expected: ["CT"],
  scanners: [{ manufacturer: "Phantom Medical", model: "Ellipse 64", serial: "ends 0001" }],
  images: ["CT", "MR", "PT"],
  cross_sectional: ["CT", "MR", "PT"],
  localiser_words: ["LOCALIZER"],
  derived_words: ["MPR"],
  limits: { files: 10_000, bytes: 5e9, file_bytes: 4e9, large: 3e7, part: 8e6 },
};

function slice(index: number, changes: Partial<Header> = {}): Examined {
  const header: Header = {
    code: "", patient: "KK-4471", patientName: "Miller^Mary", study: "1.2", series: "1.2.3", sop: `1.2.3.${index}`,
    modality: "CT", description: "Abdomen", seriesNumber: 2, studyDate: "20260305", acquisitionDate: "20260305",
    imageType: ["ORIGINAL", "PRIMARY", "AXIAL"], position: [0, 0, -5 * index], orientation: [1, 0, 0, 0, 1, 0],
    thickness: 5, volume: "", temporalPositions: 0, frames: 1, manufacturer: "PHANTOM MEDICAL", model: "Ellipse 64",
    serial: "PM-0001", lossy: false, pixelsAt: 0, ...changes,
  };
  return { source: sourceOf(new File(["x"], `${index}`), `${index}`), header };
}

const series = (count: number, without: number[] = [], changes: Partial<Header> = {}): Examined[] =>
  Array.from({ length: count }, (_, i) => i).filter((i) => !without.includes(i)).map((i) => slice(i, changes));

const codes = (files: Examined[], rules = RULES): string[] => check(files, rules).findings.map((one) => one.code);

test("a whole series of the visit has no finding", () => {
  expect(codes(series(20))).toEqual([]);
});

test("missing slices are named by their heights as the server names them, and by their numbers", () => {
  const [finding] = check(series(20, [7, 8]), RULES).findings;
  expect(finding).toMatchObject({
    code: "missing_slices", level: "error", measured: "2 slices at -40, -35 mm", expected: "one slice every 5 mm",
    means: "The stack has gaps of whole slices: 2 slices at -40, -35 mm.",
  });
  expect(finding?.gap).toEqual({ total: 20, runs: [[8, 9]] });
});

test("numbers of missing slices count from the head", () => {
  const stack = stackOf(series(204, [87, 88, 89]).map((one) => one.header));
  expect(numbered(stack!, [-435, -440, -445])).toEqual({ total: 204, runs: [[88, 90]] });
});

test("two subjects are found within a series and over series, by number and not by name", () => {
  expect(codes([...series(10), ...series(10, [], { patient: "other", series: "9" })])).toContain("mixed_subject");
  expect(codes([...series(10), slice(11, { patient: "other" })])).toContain("mixed_subject");
  expect(codes([...series(10), slice(10, { patientName: "Miller^M" })])).toEqual([]);
});

test("who is shown on the screen can be recognised but not read", () => {
  expect(masked(slice(1).header)).toBe("M••••• M•••, ID •••• 71");
});

test("of one image that came twice a copy is noted, of two that differ a conflict", () => {
  const copy = (pixels: string): Examined => ({ ...slice(3), pixels });
  const rest = series(10, [3]);
  expect(codes([...rest, copy("a"), copy("a")])).toEqual(["duplicate_instance"]);
  expect(codes([...rest, copy("a"), copy("b")])).toEqual(["conflicting_instance"]);
});

test("two slices at one place are found; phases that the headers tell apart are not", () => {
  const twice = [...series(10), slice(99, { position: [0, 0, -15] })];
  expect(codes(twice)).toEqual(["duplicate_position"]);
  const phases = [1, 2].flatMap((time) => series(10).map((one, i) => slice(i + time * 100, { position: one.header.position, volume: `${time}` })));
  expect(codes(phases)).toEqual([]);
});

test("dates are compared with the window and with today, to the day", () => {
  const on = (date: string): string[] => codes(series(5, [], { acquisitionDate: date }));
  expect(on("20260226")).toEqual([]);
  expect(on("20260312")).toEqual([]);
  expect(on("20260313")).toEqual(["date_out_of_window"]);
  expect(on("20260225")).toEqual(["date_out_of_window"]);
  expect(on("20260321")).toEqual(["date_in_future", "date_out_of_window"]);
  expect(codes(series(5, [], { acquisitionDate: "", studyDate: "" }))).toEqual(["date_missing"]);
});

test("what the visit needs and what came instead is said", () => {
  const mr = check(series(5, [], { modality: "MR" }), RULES, new Set(["1.2.3"])).findings;
  expect(mr.map((one) => one.code)).toContain("wrong_modality");
  expect(check([], RULES).findings[0]).toMatchObject({
    code: "expected_series_missing", means: "The visit needs CT; received: nothing to read.",
  });
});

test("where nothing fits the visit, what lies there is named and no check passes", () => {
  const files = series(5, [], { modality: "MR", patient: "1" });
  const result = check(files, RULES);
  expect(result.findings[0]).toMatchObject({ code: "wrong_modality", measured: "MR", expected: "CT" });
  expect(passed(result)).toEqual(["All files are DICOM"]);
  expect(passed(check([], RULES))).toEqual([]);
  const none = check(series(5), RULES, new Set());
  expect(none.findings[0]).toMatchObject({ code: "expected_series_missing", measured: "nothing ticked" });
});

test("documents among the images are told to be attached", () => {
  const paper = (path: string, code: string): Examined => {
    const one = slice(1);
    return { source: { ...one.source, path }, header: { ...one.header, code } };
  };
  const files = [paper("a/report.docx", "archive_not_opened"), paper("a/plan.PDF", "not_dicom"), paper("a/x.txt", "not_dicom")];
  const [papers, rest] = check(files, RULES).leftOut;
  expect(papers?.files.map((one) => one.source.path)).toEqual(["a/report.docx", "a/plan.PDF"]);
  expect(papers?.text).toContain("to the form");
  expect(rest).toMatchObject({ code: "not_dicom" });
});

test("an unknown scanner is told from another one of the same model", () => {
  expect(codes(series(5, [], { model: "Aurora" }))).toEqual(["scanner_unknown"]);
  expect(codes(series(5, [], { serial: "PM-0002" }))).toEqual(["serial_changed"]);
  expect(codes(series(5, [], { model: "Aurora" }), { ...RULES, scanners: [] })).toEqual([]);
  expect(codes(series(5, [], { serial: "" }))).toEqual([]);
});

test("slices that are too thick are outside the guideline", () => {
  const [finding] = check(series(5, [], { thickness: 7.5 }), RULES).findings;
  expect(finding).toMatchObject({ title: "Slice thickness is outside the guideline", measured: "7.5 mm", expected: "at most 5 mm" });
});

test("localisers, derived series and reports are listed but not ticked", () => {
  const files = [
    ...series(5),
    slice(1, { series: "loc", sop: "l", imageType: ["ORIGINAL", "PRIMARY", "LOCALIZER"] }),
    slice(1, { series: "mpr", sop: "m", imageType: ["DERIVED", "SECONDARY", "MPR"] }),
    slice(1, { series: "sr", sop: "s", modality: "SR" }),
  ];
  const ticked = check(files, RULES).series.map((line) => [line.key, line.isChosen, line.sortedOut]);
  expect(ticked).toEqual([
    ["1.2.3", true, ""], ["loc", false, "localiser"], ["mpr", false, "derived_series"], ["sr", false, "not_an_image"],
  ]);
});

test("findings follow the choice of series", () => {
  const files = [...series(10), ...series(10, [4], { series: "gap" })];
  expect(codes(files)).toEqual(["missing_slices"]);
  expect(check(files, RULES, new Set(["1.2.3"])).findings).toEqual([]);
});

test("ten thousand headers are judged in a moment", () => {
  const files = series(10_000);
  const began = performance.now();
  expect(codes(files)).toEqual([]);
  expect(performance.now() - began).toBeLessThan(1000);
});

// --- reading headers ---------------------------------------------------------------------------

const ascii = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));
function element(group: number, number: number, vr: string, value: string): number[] {
  const padded = value.length % 2 ? `${value} ` : value;
  return [group & 255, group >> 8, number & 255, number >> 8, ...ascii(vr), padded.length & 255, padded.length >> 8, ...ascii(padded)];
}
function dicom(...elements: number[][]): File {
  const meta = element(2, 0x10, "UI", "1.2.840.10008.1.2.1\0");
  const pixels = [0xe0, 0x7f, 0x10, 0x00, ...ascii("OW"), 0, 0, 0, 0, 1, 0, ...new Array<number>(65_536).fill(7)];
  const bytes = [...new Array<number>(128).fill(0), ...ascii("DICM"), ...meta, ...elements.flat(), ...pixels];
  return new File([Uint8Array.from(bytes)], "IM1");
}
const UIDS = [element(8, 0x18, "UI", "1.2.3.4"), element(8, 0x60, "CS", "CT"), element(0x10, 0x10, "PN", "Miller^Mary"), element(0x10, 0x20, "LO", "4471")];
const STUDY = [element(0x20, 0xd, "UI", "1.2"), element(0x20, 0xe, "UI", "1.2.3"), element(0x20, 0x32, "DS", "1\\2\\-3.5")];

test("a header is read without its pixels", async () => {
  const header = await readHeader(sourceOf(dicom(...UIDS, ...STUDY), "IM1"));
  expect(header).toMatchObject({
    code: "", patient: "4471", patientName: "Miller^Mary", modality: "CT", series: "1.2.3", sop: "1.2.3.4", position: [1, 2, -3.5],
  });
  expect(header.pixelsAt).toBeGreaterThan(132);
});

test("what is no image is told by its reason", async () => {
  const code = async (file: File, path = file.name): Promise<string> => (await readHeader(sourceOf(file, path))).code;
  expect(await code(new File([], "a"))).toBe("empty_file");
  expect(await code(new File(["a report about nobody"], "report.txt"))).toBe("not_dicom");
  expect(await code(new File(["PK\x03\x04rest of an archive"], "a.bin"))).toBe("archive_not_opened");
  expect(await code(dicom(...UIDS, ...STUDY), "DISC/DICOMDIR")).toBe("dicomdir");
  expect(await code(dicom(...UIDS))).toBe("missing_uid");
  const whole = dicom(...UIDS, ...STUDY);
  expect(await code(new File([whole.slice(0, 180)], "cut"))).toBe("truncated_header");
});
