import { icon } from "../dom";
import { bytes, count } from "../wording";
import { day, type Finding, type Gap, type LeftOut, type PatientLine, type Result, type SeriesLine } from "./precheck";

export interface Acts {
  add: () => void;
  tick: (series: string, on: boolean) => void;
  keepPatient: (key: string) => void;
  explain: (finding: Finding, text: string) => void;
  visitUrl: string;
}

type Child = Node | string;

export function el(tag: string, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElement {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function button(words: string, act: () => void, options: { icon?: string; primary?: boolean } = {}): HTMLElement {
  const made = el("button", { type: "button", class: `btn btn-sm${options.primary ? " btn-primary" : ""}` });
  if (options.icon) made.append(icon(options.icon, "s"));
  made.append(words);
  made.addEventListener("click", act);
  return made;
}

export const keyOf = (finding: Finding): string => `${finding.code}:${finding.series}`;

const LOOKS = {
  error: { tone: "stop", icon: "circle-x" },
  warning: { tone: "wait", icon: "alert-triangle" },
  info: { tone: "idle", icon: "info-circle" },
} as const;
const ICONS: Record<string, string> = {
  date_out_of_window: "calendar-x",
  date_in_future: "calendar-x",
  scanner_unknown: "scan",
  serial_changed: "scan",
  mixed_subject: "users",
};

/** The findings of a choice, each with what it means and a way out. */
export function findingsOf(
  result: Result,
  explained: ReadonlyMap<string, string>,
  acts: Acts,
): HTMLElement[] {
  const names = new Map(result.series.map((line) => [line.key, line.name]));
  const shown = result.findings.filter((finding) => finding.level !== "info");
  return [
    ...shown.map((finding) => findingOf(finding, names.get(finding.series) ?? "", result, explained, acts)),
    ...result.leftOut.map(leftOutOf),
  ];
}

const REASON = "textarea[data-finding]";

/** Draws the findings anew; a reason that somebody is typing meanwhile stays as it is, cursor and all. */
export function redrawFindings(
  box: HTMLElement,
  fresh: readonly HTMLElement[],
  explained: ReadonlyMap<string, string>,
): void {
  const typed = new Map<string, { text: string; at: number | null }>();
  for (const one of box.querySelectorAll<HTMLTextAreaElement>(`details[open] ${REASON}`)) {
    const key = one.dataset["finding"] ?? "";
    const isKept = explained.get(key) === one.value.trim();
    if (!isKept) typed.set(key, { text: one.value, at: one === document.activeElement ? one.selectionStart : null });
  }
  box.replaceChildren(...fresh);
  for (const one of box.querySelectorAll<HTMLTextAreaElement>(REASON)) {
    const before = typed.get(one.dataset["finding"] ?? "");
    if (!before) continue;
    one.closest("details")?.setAttribute("open", "");
    one.value = before.text;
    if (before.at === null) continue;
    one.focus({ preventScroll: true });
    one.setSelectionRange(before.at, before.at);
  }
}

function findingOf(
  finding: Finding,
  series: string,
  result: Result,
  explained: ReadonlyMap<string, string>,
  acts: Acts,
): HTMLElement {
  const said = explained.get(keyOf(finding)) ?? "";
  const look = said ? { tone: "wait", icon: "message-circle-check" } : LOOKS[finding.level];
  const body = el("div", {}, el("b", {}, series ? `${finding.title} in “${series}”` : finding.title));
  const expected = finding.expected && !finding.means.includes(finding.expected) ? ` Expected: ${finding.expected}.` : "";
  body.append(el("p", {}, `${finding.means}${expected}`), el("p", {}, finding.advice));
  if (finding.gap?.runs.length) body.append(extent(finding.gap));
  if (said) body.append(el("p", {}, el("b", { class: "ic-b" }, "You said: "), said));
  body.append(waysOf(finding, result, said, acts));
  const line = el("div", { class: "ic-finding", "data-tone": look.tone, "data-code": finding.code });
  line.append(icon(said ? look.icon : (ICONS[finding.code] ?? look.icon), "l"), body);
  return line;
}

function waysOf(finding: Finding, result: Result, said: string, acts: Acts): HTMLElement {
  const ways = el("div", { class: "ways" });
  const fix = { primary: !said && finding.level === "error" };
  if (finding.code === "mixed_subject") {
    ways.append(...result.patients.map((patient) => keepButton(patient, acts)));
  } else if (finding.code === "missing_slices") {
    ways.append(button("Add the missing slices", acts.add, { ...fix, icon: "folder-plus" }));
  } else if (finding.code === "expected_series_missing" || finding.code === "wrong_modality") {
    ways.append(button("Add files", acts.add, { ...fix, icon: "folder-plus" }));
  }
  if (finding.code.startsWith("date_") || finding.code === "wrong_modality") {
    ways.append(el("a", { class: "btn btn-sm", href: acts.visitUrl }, "Choose another visit"));
  }
  if (finding.series && finding.code !== "missing_slices") {
    ways.append(button("Leave this series out", () => acts.tick(finding.series, false)));
  }
  if (finding.level === "error") ways.append(reasonBox(finding, said, acts));
  return ways;
}

function keepButton(patient: PatientLine, acts: Acts): HTMLElement {
  const files = `${count(patient.files)} ${patient.files === 1 ? "file" : "files"}`;
  return button(`Send only ${patient.shown} (${files})`, () => acts.keepPatient(patient.key), { icon: "user-check" });
}

function reasonBox(finding: Finding, said: string, acts: Acts): HTMLElement {
  const id = `why-${finding.code}-${Math.random().toString(36).slice(2, 8)}`;
  const lost = finding.code === "missing_slices" ? "They cannot be recovered" : "It cannot be fixed";
  const text = el("textarea", {
    class: "form-control", id, rows: "2", maxlength: "300", "data-finding": keyOf(finding),
  }) as HTMLTextAreaElement;
  text.value = said;
  const keep = button("Keep reason", () => {
    if (text.value.trim()) acts.explain(finding, text.value.trim());
    else text.focus();
  }, { primary: true });
  return el(
    "details",
    { class: "ic-why-box" },
    el("summary", { class: "btn btn-sm" }, said ? "Change what you said" : lost),
    el("div", { class: "ic-stack s" }, el("label", { class: "form-label", for: id }, "Why can it not be fixed?"), text, el("div", {}, keep)),
  );
}

const SVG = "http://www.w3.org/2000/svg";

/** The stack from head to foot with its gaps, and their numbers below. */
export function extent({ total, runs }: Gap): HTMLElement {
  const words = runs.slice(0, 3).map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(", ");
  const more = runs.length > 3 ? ` and ${runs.length - 3} more` : "";
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({
    class: "ic-stack-bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", role: "img",
    "aria-label": `Slices ${words}${more} of ${total} are missing`,
  })) svg.setAttribute(name, value);
  const bar = (kind: string, x: number, width: number): void => {
    const rect = document.createElementNS(SVG, "rect");
    const box = { class: kind, x, width, y: kind === "gap" ? 0 : 1, height: kind === "gap" ? 8 : 6 };
    for (const [name, value] of Object.entries(box)) rect.setAttribute(name, String(value));
    svg.append(rect);
  };
  bar("whole", 0, 100);
  for (const [first, last] of runs) bar("gap", ((first - 1) / total) * 100, ((last - first + 1) / total) * 100);
  return el(
    "div",
    { class: "ic-extent-box" },
    svg as unknown as Node,
    el("div", { class: "ic-between ic-meta" }, el("span", {}, "1"), el("b", {}, `${words}${more} missing`), el("span", {}, String(total))),
  );
}

/** A line beside the findings: an icon, what happened, what it means, perhaps a way out. */
export function note(tone: string, mark: string, title: string, words: string, way?: HTMLElement): HTMLElement {
  const body = el("div", {}, el("b", {}, title), el("p", {}, words));
  if (way) body.append(el("div", { class: "ways" }, way));
  const line = el("div", { class: "ic-finding", "data-tone": tone });
  line.append(icon(mark, "l"), body);
  return line;
}

function leftOutOf(left: LeftOut): HTMLElement {
  const files = left.files.length;
  const list = el("ul", {}, ...left.files.slice(0, 50).map((one) => el("li", {}, one.source.path)));
  if (files > 50) list.append(el("li", {}, `and ${count(files - 50)} more`));
  const details = el("details", { class: "ic-file-names" }, el("summary", {}, "Which files"), list);
  const title = files === 1 ? "1 file is not sent" : `${count(files)} files are not sent`;
  const line = el("div", { class: "ic-finding", "data-tone": "idle", "data-code": left.code });
  line.append(icon("file-alert", "l"), el("div", {}, el("b", {}, title), el("p", {}, left.text), details));
  return line;
}

const SORTED: Record<string, string> = {
  localiser: "Localiser, not asked for",
  derived_series: "Derived, not asked for",
  not_an_image: "Not an image, not asked for",
};

/** A row of the table of series with its check box. */
export function seriesRow(
  line: SeriesLine,
  findings: readonly Finding[],
  patients: readonly PatientLine[],
  acts: Acts,
): HTMLElement {
  const id = `series-${line.files[0]?.header.sop ?? line.key}`.replace(/[^a-z0-9-]/gi, "-");
  const box = el("input", { type: "checkbox", class: "form-check-input", id }) as HTMLInputElement;
  box.checked = line.isChosen;
  box.addEventListener("change", () => acts.tick(line.key, box.checked));
  const own = findings.filter((finding) => finding.series === line.key && finding.level !== "info");
  const worst = own.find((finding) => finding.level === "error") ?? own[0];
  const [tone, mark, words] = !line.isChosen
    ? ["idle", "circle-dashed", SORTED[line.sortedOut] ?? "Not sent"]
    : worst
      ? [LOOKS[worst.level].tone, LOOKS[worst.level].icon, worst.title]
      : ["good", "circle-check", line.sortedOut ? "Sent, not read" : "Nothing found"];
  const state = el("span", { class: "ic-flag", "data-tone": tone as string });
  state.append(icon(mark as string, "xs"), words as string);
  const cells: [string, Child][] = [
    ["num", count(line.images)],
    ["num", bytes(line.bytes)],
    ["", state],
  ];
  const label = el("label", { for: id }, line.name, el("span", { class: "ic-meta d-block" }, aboutSeries(line, patients)));
  return el(
    "tr",
    {},
    el("td", {}, box),
    el("th", { scope: "row" }, label),
    ...cells.map(([kind, child]) => el("td", kind ? { class: kind } : {}, child)),
  );
}

function aboutSeries(line: SeriesLine, patients: readonly PatientLine[]): string {
  const parts = [line.modality, line.date ? day(line.date) : "no date"];
  if (patients.length > 1) {
    const keys = new Set(line.files.map((one) => one.header.patient));
    parts.push(...patients.filter((patient) => keys.has(patient.key)).map((patient) => patient.shown));
  }
  return parts.filter(Boolean).join(" · ");
}

/** Counts of errors and warnings and checks that found nothing, for the head of the card. */
export function summary(result: Result, explained: ReadonlyMap<string, string>): HTMLElement[] {
  const left = result.findings.filter((one) => one.level === "error" && !explained.has(keyOf(one))).length;
  const warnings = result.findings.filter((one) => one.level === "warning").length;
  const chips: [number, string, string, string][] = [
    [left, "stop", "circle-x", "to fix"],
    [warnings, "wait", "alert-triangle", "to know"],
    [passed(result).length, "good", "circle-check", "passed"],
  ];
  return chips
    .filter(([number]) => number)
    .map(([number, tone, mark, words]) => {
      const chip = el("span", { class: "ic-state", "data-tone": tone });
      chip.append(icon(mark, "s"), `${number} ${words}`);
      return chip;
    });
}

/** The checks that found nothing, in words; of images only where some are ticked. */
export function passed(result: Result): string[] {
  const codes = new Set(result.findings.map((finding) => finding.code));
  const none = (...wanted: string[]): boolean => !wanted.some((code) => codes.has(code));
  const files: [boolean, string] = [result.leftOut.length === 0, "All files are DICOM"];
  if (!result.series.some((line) => line.isChosen)) return files[0] && result.series.length ? [files[1]] : [];
  const all: [boolean, string][] = [
    files,
    [result.patients.length === 1 && none("mixed_subject"), "One subject"],
    [none("expected_series_missing", "wrong_modality"), "All expected series"],
    [none("missing_slices", "duplicate_position"), "No slice missing"],
    [none("duplicate_instance", "conflicting_instance"), "Nothing twice"],
    [none("date_out_of_window", "date_missing", "date_in_future"), "Date in window"],
    [none("outside_guideline"), "Slice thickness"],
    [none("scanner_unknown", "serial_changed"), "Scanner known"],
    [none("lossy_compression"), "No lossy compression"],
  ];
  return all.filter(([holds]) => holds).map(([, words]) => words);
}

export function passedItem(words: string): HTMLElement {
  const item = el("li", {});
  item.append(icon("check", "xs"), words);
  return item;
}
