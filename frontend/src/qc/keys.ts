/** What a key of the workbench does; the page's help lists the same keys. */
export type Act =
  | { kind: "finding"; by: 1 | -1 }
  | { kind: "slice" | "accept" | "ask" | "viewer" | "question" | "form" | "next" | "help" }
  | { kind: "series"; by: 1 | -1 }
  | { kind: "answer"; word: "YES" | "NO" | "NA" }
  | { kind: "decide"; value: "pass" | "pass_with_deviation" | "fail" };

const ACTS: Record<string, Act> = {
  j: { kind: "finding", by: 1 },
  k: { kind: "finding", by: -1 },
  s: { kind: "slice" },
  a: { kind: "accept" },
  q: { kind: "ask" },
  v: { kind: "viewer" },
  c: { kind: "question" },
  t: { kind: "form" },
  "]": { kind: "series", by: 1 },
  "[": { kind: "series", by: -1 },
  y: { kind: "answer", word: "YES" },
  n: { kind: "answer", word: "NO" },
  x: { kind: "answer", word: "NA" },
  p: { kind: "decide", value: "pass" },
  d: { kind: "decide", value: "pass_with_deviation" },
  f: { kind: "decide", value: "fail" },
  g: { kind: "next" },
  "?": { kind: "help" },
};

/** The act of a key, or null: held modifiers and keys typed into a field mean nothing here. */
export function actOf(key: string, held: boolean, typing: boolean): Act | null {
  if (held || typing) return null;
  return ACTS[key.length === 1 ? key.toLowerCase() : key] ?? null;
}

/** Where a step leads in a list that does not wrap: the first or last stays. */
export function step(at: number, by: 1 | -1, length: number): number {
  if (length === 0) return -1;
  if (at < 0) return by > 0 ? 0 : length - 1;
  return Math.min(length - 1, Math.max(0, at + by));
}

/** The first place after `at` whose answer is missing, else the first missing one, else -1. */
export function nextOpen(answered: readonly boolean[], at: number): number {
  for (let index = at + 1; index < answered.length; index += 1) if (!answered[index]) return index;
  return answered.findIndex((one) => !one);
}
