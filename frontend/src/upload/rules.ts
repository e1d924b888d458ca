/** The rules of a visit as the server exports them (imaging/services/rulesheet.py). */
export interface RuleSheet {
  checks: Record<string, Record<string, { level: Level; tolerance: number }>>;
  values: ValueRule[];
  words: Record<string, Words>;
  files: Record<string, string>;
  window: { first: string; last: string; words: string } | null;
  today: string;
  expected: string[];
  scanners: { manufacturer: string; model: string; serial: string }[];
  images: string[];
  cross_sectional: string[];
  localiser_words: string[];
  derived_words: string[];
  limits: { files: number; bytes: number; file_bytes: number; large: number; part: number };
}

export type Level = "error" | "warning" | "info";

export interface Words {
  title: string;
  means: string;
  error: string;
  warning: string;
}

export interface ValueRule {
  modality: string;
  parameter: string;
  title: string;
  unit: string;
  kind: "max" | "min" | "range";
  numbers: number[];
  tolerance: number;
  level: Level;
  expected: string;
}

/** The rule of a check for a modality, else the one for all, or nothing when it is off. */
export function ruleOf(
  rules: RuleSheet,
  code: string,
  modality: string,
): { level: Level; tolerance: number } | undefined {
  const check = rules.checks[code];
  return check?.[modality] ?? check?.["*"];
}

/** Texts of a finding, with what was found and expected filled in. */
export function filled(text: string, values: { measured: string; expected: string; parameter: string }): string {
  return text
    .replaceAll("{measured}", values.measured || "nothing")
    .replaceAll("{expected}", values.expected)
    .replaceAll("{parameter}", values.parameter);
}
