import { missingOf, numbered, type Stack, stackOf } from "./geometry";
import type { Header } from "./header";
import { filled, type Level, type RuleSheet, ruleOf } from "./rules";
import type { Source } from "./source";

/** A chosen file with what its header says. */
export interface Examined {
  source: Source;
  header: Header;
  /** SHA-256 of the pixel data, read only where an identifier repeats. */
  pixels?: string;
}

export interface Gap {
  total: number;
  runs: [number, number][];
}

export interface Finding {
  code: string;
  level: Level;
  title: string;
  means: string;
  advice: string;
  measured: string;
  expected: string;
  /** Key of the series it is about, "" for the whole choice. */
  series: string;
  gap?: Gap;
}

export interface SeriesLine {
  key: string;
  name: string;
  modality: string;
  files: Examined[];
  images: number;
  bytes: number;
  date: string;
  /** Code that sorts the series out (localiser, derived_series, not_an_image), or "". */
  sortedOut: string;
  isChosen: boolean;
  stack: Stack | null;
}

/** Files left out for one reason. */
export interface LeftOut {
  code: string;
  text: string;
  files: Examined[];
}

/** One person in the chosen files, as it may be shown on this screen. */
export interface PatientLine {
  key: string;
  shown: string;
  files: number;
}

export interface Result {
  findings: Finding[];
  series: SeriesLine[];
  leftOut: LeftOut[];
  patients: PatientLine[];
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** 05 Mar 2026 out of 20260305 or 2026-03-05. */
export function day(digits: string): string {
  const plain = digits.replaceAll("-", "");
  return `${plain.slice(6, 8)} ${MONTHS[Number(plain.slice(4, 6)) - 1] ?? "?"} ${plain.slice(0, 4)}`;
}

/** A number as the server writes it: at most six significant digits. */
export function plain(value: number): string {
  return String(Number(value.toPrecision(6)));
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function heights(values: readonly number[]): string {
  const shown = values.slice(0, 4).map(plain).join(", ");
  const more = values.length > 4 ? ` and ${values.length - 4} more` : "";
  return `${shown}${more} mm`;
}

/** H••••• M•••, ID •••• 71: enough to recognise a person one knows, too little to identify one. */
export function masked(header: Header): string {
  const words = header.patientName.split(/[\s^=]+/).filter(Boolean);
  const name = words.map((word) => `${[...word][0]}${"•".repeat(Math.min(5, [...word].length - 1))}`).join(" ");
  return `${name || "no name"}, ID ${"•".repeat(4)} ${header.patient.slice(-2)}`;
}

/** Things by a key, in order of first appearance. */
export function grouped<T>(things: readonly T[], keyOf: (thing: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const thing of things) {
    const key = keyOf(thing);
    const known = groups.get(key);
    if (known) known.push(thing);
    else groups.set(key, [thing]);
  }
  return groups;
}

/** The series of the chosen files, the ones that the visit asks for ticked. */
export function seriesOf(files: readonly Examined[], rules: RuleSheet): SeriesLine[] {
  const images = files.filter((one) => !one.header.code);
  const groups = grouped(images, (one) => one.header.series);
  return [...groups].map(([key, members]) => lineOf(key, members, rules)).sort(byImportance);
}

function byImportance(a: SeriesLine, b: SeriesLine): number {
  return Number(b.isChosen) - Number(a.isChosen) || b.images - a.images;
}

function lineOf(key: string, members: Examined[], rules: RuleSheet): SeriesLine {
  const first = (members[0] as Examined).header;
  const sortedOut = sortedOutAs(members, rules);
  const asked = !rules.expected.length || rules.expected.includes(first.modality);
  const unique = [...new Map(members.map((one) => [one.header.sop, one.header])).values()];
  const singles = unique.every((header) => header.frames === 1 && !header.imageType.includes("MOSAIC"));
  return {
    key,
    name: first.description || `${first.modality} ${first.seriesNumber || ""}`.trim(),
    modality: first.modality,
    files: members,
    images: unique.reduce((sum, header) => sum + header.frames, 0),
    bytes: members.reduce((sum, one) => sum + one.source.size, 0),
    date: first.acquisitionDate || first.studyDate,
    sortedOut,
    isChosen: !sortedOut && asked,
    stack: !sortedOut && singles ? stackOf(unique) : null,
  };
}

function sortedOutAs(members: readonly Examined[], rules: RuleSheet): string {
  const modality = members[0]?.header.modality ?? "";
  if (!rules.images.includes(modality)) return "not_an_image";
  const words = new Set(members.flatMap((one) => one.header.imageType));
  if (rules.localiser_words.some((word) => words.has(word))) return "localiser";
  const derived = members.every((one) => one.header.imageType[0] === "DERIVED");
  const reworked = modality === "CT" || rules.derived_words.some((word) => words.has(word));
  return derived && reworked && rules.cross_sectional.includes(modality) ? "derived_series" : "";
}

/** Checks chosen files against the rules of the visit; `chosen` holds the keys of ticked series. */
export function check(
  files: readonly Examined[],
  rules: RuleSheet,
  chosen?: ReadonlySet<string>,
): Result {
  const series = seriesOf(files, rules);
  if (chosen) for (const line of series) line.isChosen = chosen.has(line.key);
  return judged(series, files, rules);
}

/** The findings about series whose choice was made. */
export function judged(series: SeriesLine[], files: readonly Examined[], rules: RuleSheet): Result {
  const sent = series.filter((line) => line.isChosen);
  const report = reporter(rules);
  const findings = [
    ...sent.flatMap((line) => aboutOne(line, rules, report)),
    ...aboutPeople(sent, report),
    ...aboutDates(sent, rules, report),
    ...aboutExpected(series, rules, report),
    ...sent.flatMap((line) => aboutScanner(line, rules, report)),
  ];
  const rank = { error: 0, warning: 1, info: 2 };
  findings.sort((a, b) => rank[a.level] - rank[b.level]);
  return { findings, series, leftOut: leftOut(files, rules), patients: patients(files) };
}

type Report = (
  code: string,
  about: { modality?: string; series?: string; measured?: string; expected?: string; gap?: Gap },
) => Finding[];

function reporter(rules: RuleSheet): Report {
  return (code, { modality = "*", series = "", measured = "", expected = "", gap }) => {
    const rule = ruleOf(rules, code, modality);
    const words = rules.words[code];
    if (!rule || !words) return [];
    const values = { measured, expected, parameter: "" };
    const found: Finding = {
      code,
      level: rule.level,
      title: filled(words.title, values),
      means: filled(words.means, values),
      advice: rule.level === "error" ? words.error : words.warning,
      measured,
      expected,
      series,
    };
    return [gap ? { ...found, gap } : found];
  };
}

function aboutOne(line: SeriesLine, rules: RuleSheet, report: Report): Finding[] {
  const about = { modality: line.modality, series: line.key };
  const headers = line.files.map((one) => one.header);
  const found: Finding[] = [];
  const people = new Set(headers.map((header) => header.patient)).size;
  if (people > 1) found.push(...report("mixed_subject", { ...about, measured: counted(people, "subject") }));
  const studies = new Set(headers.map((header) => header.study)).size;
  if (studies > 1) {
    found.push(...report("mixed_study", { ...about, measured: studies === 1 ? "1 study" : `${studies} studies` }));
  }
  found.push(...aboutCopies(line, report));
  if (line.sortedOut) return [...found, ...report(line.sortedOut, { ...about, measured: shownKind(line) })];
  if (people === 1 && line.stack && !line.stack.hasStrays) found.push(...aboutStack(line, line.stack, rules, report));
  if (headers.some((header) => header.lossy)) found.push(...report("lossy_compression", about));
  return [...found, ...aboutValues(line, rules)];
}

function shownKind(line: SeriesLine): string {
  return line.sortedOut === "not_an_image" ? line.modality : (line.files[0]?.header.imageType.join("\\") ?? "");
}

function aboutCopies(line: SeriesLine, report: Report): Finding[] {
  const repeated = [...grouped(line.files, (one) => one.header.sop).values()].filter((group) => group.length > 1);
  const conflicts = repeated.filter((group) => new Set(group.map((one) => one.pixels ?? "")).size > 1).length;
  const copies = repeated.length - conflicts;
  const about = { modality: line.modality, series: line.key };
  return [
    ...(conflicts ? report("conflicting_instance", { ...about, measured: counted(conflicts, "image") }) : []),
    ...(copies ? report("duplicate_instance", { ...about, measured: counted(copies, "image") }) : []),
  ];
}

function aboutStack(line: SeriesLine, stack: Stack, rules: RuleSheet, report: Report): Finding[] {
  const about = { modality: line.modality, series: line.key };
  const expected = stack.spacing === null ? "" : `one slice every ${plain(stack.spacing)} mm`;
  const tolerance = ruleOf(rules, "missing_slices", line.modality)?.tolerance ?? 0;
  let missing = missingOf(stack, tolerance);
  const found: Finding[] = [];
  if (stack.duplicated.length) {
    let places = heights(stack.duplicated);
    // A duplicate beside an empty place is one slice with a wrong position, not two faults.
    if (missing.length && missing.length <= stack.duplicated.length) {
      places += `; nothing at ${heights(missing)}`;
      missing = [];
    }
    found.push(...report("duplicate_position", { ...about, measured: places, expected }));
  }
  const lacking = [...new Set([...missing, ...stack.incomplete])].sort((a, b) => a - b);
  if (lacking.length) {
    const measured = `${counted(lacking.length, "slice")} at ${heights(lacking)}`;
    found.push(...report("missing_slices", { ...about, measured, expected, gap: numbered(stack, lacking) }));
  }
  return found;
}

function aboutValues(line: SeriesLine, rules: RuleSheet): Finding[] {
  const words = rules.words["outside_guideline"];
  const measured = [...new Set(line.files.map((one) => one.header.thickness).filter((t) => t !== null))];
  const rule = rules.values.find((one) => one.modality === line.modality && one.parameter === "slice_thickness_mm");
  if (!rule || !words || !measured.length) return [];
  const [low, high] = rule.kind === "max" ? [-Infinity, rule.numbers[0]] : [rule.numbers[0], rule.numbers[1] ?? Infinity];
  const fits = measured.every(
    (value) => value >= (low ?? 0) - rule.tolerance && value <= (high ?? Infinity) + rule.tolerance,
  );
  if (fits) return [];
  const values = {
    measured: `${measured.sort((a, b) => a - b).map(plain).join(", ")} ${rule.unit}`,
    expected: rule.expected,
    parameter: rule.title,
  };
  return [
    {
      code: "outside_guideline",
      level: rule.level,
      title: filled(words.title, values),
      means: filled(words.means, values),
      advice: rule.level === "error" ? words.error : words.warning,
      measured: values.measured,
      expected: values.expected,
      series: line.key,
    },
  ];
}

function aboutPeople(sent: readonly SeriesLine[], report: Report): Finding[] {
  const people = new Set(sent.flatMap((line) => line.files.map((one) => one.header.patient)));
  const within = sent.some((line) => new Set(line.files.map((one) => one.header.patient)).size > 1);
  return people.size > 1 && !within ? report("mixed_subject", { measured: counted(people.size, "subject") }) : [];
}

function aboutDates(sent: readonly SeriesLine[], rules: RuleSheet, report: Report): Finding[] {
  const judged = sent.filter((line) => !line.sortedOut);
  if (!judged.length) return [];
  const acquired = judged.flatMap((line) => line.files.map((one) => one.header.acquisitionDate)).filter(Boolean);
  const studied = judged.flatMap((line) => line.files.map((one) => one.header.studyDate)).filter(Boolean);
  const scanned = (acquired.length ? acquired : studied).sort()[0];
  const { window, today } = rules;
  if (!scanned) return window ? report("date_missing", { expected: window.words }) : [];
  const iso = `${scanned.slice(0, 4)}-${scanned.slice(4, 6)}-${scanned.slice(6, 8)}`;
  const measured = day(scanned);
  return [
    ...(iso > today ? report("date_in_future", { measured }) : []),
    ...(window && (iso < window.first || iso > window.last)
      ? report("date_out_of_window", { measured, expected: window.words })
      : []),
  ];
}

function aboutExpected(series: readonly SeriesLine[], rules: RuleSheet, report: Report): Finding[] {
  const kinds = (lines: readonly SeriesLine[]): string[] =>
    [...new Set(lines.filter((line) => !line.sortedOut).map((line) => line.modality))].sort();
  const received = kinds(series.filter((line) => line.isChosen));
  const unmet = rules.expected.filter((modality) => !received.includes(modality));
  // Nothing is ticked where everything is of another kind: say what lies there.
  const others = (received.length ? received : kinds(series)).filter((modality) => !rules.expected.includes(modality));
  return unmet.flatMap((modality) =>
    report(others.length ? "wrong_modality" : "expected_series_missing", {
      modality,
      measured: (others.length ? others : received).join(", ") || (series.length ? "nothing ticked" : "nothing to read"),
      expected: modality,
    }),
  );
}

function aboutScanner(line: SeriesLine, rules: RuleSheet, report: Report): Finding[] {
  const header = line.files[0]?.header;
  if (!header || line.sortedOut || !rules.scanners.length) return [];
  // Serial numbers are known here by their ends only.
  const serial = header.serial ? `ends ${header.serial.slice(-4)}` : "";
  const alike = rules.scanners.filter(
    (scanner) =>
      scanner.manufacturer.toUpperCase() === header.manufacturer.toUpperCase() &&
      scanner.model.toUpperCase() === header.model.toUpperCase(),
  );
  if (alike.some((scanner) => !serial || !scanner.serial || scanner.serial === serial)) return [];
  const about = { modality: line.modality, series: line.key };
  if (alike.length && serial && rules.words["serial_changed"]) {
    const known = alike.map((scanner) => scanner.serial).sort().join(", ");
    return report("serial_changed", { ...about, measured: serial, expected: `registered is ${known}` });
  }
  const name = [header.manufacturer, header.model].filter(Boolean).join(" ") || "unknown scanner";
  return report("scanner_unknown", { ...about, measured: serial ? `${name}, serial ${serial}` : name });
}

const PAPER = /\.(pdf|docx|xlsx|pptx|png|jpe?g|tiff?)$/i;
const NO_IMAGE = new Set(["not_dicom", "archive_not_opened", "archive_in_archive"]);
const TO_ATTACH = "Documents and pictures are no part of the images. Attach what belongs to the scan to the form, two steps on.";

function leftOut(files: readonly Examined[], rules: RuleSheet): LeftOut[] {
  const isPaper = ({ source, header }: Examined): boolean => NO_IMAGE.has(header.code) && PAPER.test(source.path);
  const groups = grouped(files.filter((one) => one.header.code), (one) => (isPaper(one) ? "paper" : one.header.code));
  return [...groups].map(([code, members]) => ({
    code,
    text: code === "paper" ? TO_ATTACH : (rules.files[code] ?? code),
    files: members,
  }));
}

function patients(files: readonly Examined[]): PatientLine[] {
  const groups = new Map<string, PatientLine>();
  for (const { header } of files) {
    if (header.code) continue;
    const known = groups.get(header.patient) ?? { key: header.patient, shown: masked(header), files: 0 };
    known.files += 1;
    groups.set(header.patient, known);
  }
  return [...groups.values()].sort((a, b) => b.files - a.files);
}
