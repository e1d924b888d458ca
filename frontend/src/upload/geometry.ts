import type { Header } from "./header";

/** Heights of one stack along its slice normal in mm, ascending (PS3.3 C.7.6.2). */
export interface Stack {
  heights: number[];
  spacing: number | null;
  duplicated: number[];
  incomplete: number[];
  hasStrays: boolean;
}

const SAME_PLACE_MM = 0.01;
const SAME_DIRECTION = 0.99995;

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

function normalOf(axes: readonly number[]): number[] {
  const [a, b, c, d, e, f] = axes as [number, number, number, number, number, number];
  return [b * f - c * e, c * d - a * f, a * e - b * d];
}

/** The main stack of single slices, or null when none has a position. */
export function stackOf(slices: readonly Header[]): Stack | null {
  const placed = slices.filter((one) => one.position.length === 3 && one.orientation.length === 6);
  const groups: { axes: number[]; members: Header[] }[] = [];
  for (const one of placed) {
    const axes = one.orientation;
    const known = groups.find(
      (group) =>
        dot(axes.slice(0, 3), group.axes.slice(0, 3)) > SAME_DIRECTION &&
        dot(axes.slice(3), group.axes.slice(3)) > SAME_DIRECTION,
    );
    if (known) known.members.push(one);
    else groups.push({ axes, members: [one] });
  }
  const main = groups.sort((a, b) => b.members.length - a.members.length)[0];
  if (!main) return null;
  const normal = normalOf(main.axes);
  const sorted = main.members
    .map((one) => ({ one, height: Math.round(dot(one.position, normal) * 1e4) / 1e4 }))
    .sort((a, b) => a.height - b.height);
  const levels: { height: number; slices: Header[] }[] = [];
  for (const { one, height } of sorted) {
    const last = levels.at(-1);
    if (last && Math.abs(last.height - height) < SAME_PLACE_MM) last.slices.push(one);
    else levels.push({ height, slices: [one] });
  }
  const repeats = repeatsOf(levels.map((level) => level.slices));
  return {
    heights: levels.map((level) => level.height),
    spacing: usualStep(levels.map((level) => level.height)),
    duplicated: levels.filter((level) => level.slices.length > repeats).map((level) => level.height),
    incomplete: levels.filter((level) => level.slices.length < repeats).map((level) => level.height),
    hasStrays: groups.length > 1,
  };
}

/** The lower median of the steps: half of the slices may be missing before it misleads. */
function usualStep(heights: readonly number[]): number | null {
  const steps = heights.slice(1).map((height, index) => height - (heights[index] ?? 0)).sort((a, b) => a - b);
  const middle = steps[Math.floor((steps.length - 1) / 2)];
  return middle === undefined ? null : Math.round(middle * 1e4) / 1e4;
}

/** How many volumes lie over each other: more than one only when the headers tell them apart. */
function repeatsOf(levels: readonly Header[][]): number {
  const counts = new Map<number, number>();
  for (const level of levels) counts.set(level.length, (counts.get(level.length) ?? 0) + 1);
  const usual = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 1;
  if (usual === 1 || levels[0]?.[0]?.temporalPositions === usual) return usual;
  const apart = levels.every((level) => new Set(level.map((one) => one.volume)).size === level.length);
  return apart ? usual : 1;
}

/** Heights at which slices are lacking: steps of a whole multiple of the spacing. */
export function missingOf(stack: Stack, tolerance: number): number[] {
  const { heights, spacing } = stack;
  if (!spacing) return [];
  const found: number[] = [];
  for (let index = 1; index < heights.length; index += 1) {
    const low = heights[index - 1] as number;
    const high = heights[index] as number;
    const steps = Math.round((high - low) / spacing);
    if (steps > 1 && Math.abs(high - low - steps * spacing) <= tolerance * steps) {
      for (let step = 1; step < steps; step += 1) found.push(low + ((high - low) * step) / steps);
    }
  }
  return found;
}

/** The stack as a person counts it, from the head down: its length, and runs of missing slices. */
export function numbered(stack: Stack, missing: readonly number[]): { total: number; runs: [number, number][] } {
  const { heights, spacing } = stack;
  const low = heights[0] ?? 0;
  const high = heights.at(-1) ?? 0;
  if (!spacing) return { total: heights.length, runs: [] };
  const total = Math.round((high - low) / spacing) + 1;
  const numbers = missing.map((height) => Math.round((high - height) / spacing) + 1).sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return { total, runs };
}
