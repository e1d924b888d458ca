/** One series as ordered pictures, one list for each window that the server rendered. */
export interface Stack {
  /** Pictures of slice 0 to n − 1, by window name. */
  windows: Record<string, { label: string; slices: string[] }>;
  /** Position of each slice along the table in millimetres, head to foot; may be empty. */
  positions: number[];
}

export interface Pane {
  title: string;
  detail: string;
  corner: string;
  stack: Stack;
  /** Slice that is shown first. */
  start?: number;
}

export interface Panes {
  panes: Pane[];
}

/** The number of slices; every window of a stack has the same. */
export function depth(stack: Stack): number {
  return Math.max(0, ...Object.values(stack.windows).map((window) => window.slices.length));
}

/** Keeps a slice number inside the stack. */
export function within(slice: number, stack: Stack): number {
  return Math.min(Math.max(0, slice), Math.max(0, depth(stack) - 1));
}

/**
 * The slice of `other` that lies where `slice` of `own` lies: the nearest table position when both
 * know theirs, else the same share of the way through the stack.
 */
export function matching(own: Stack, slice: number, other: Stack): number {
  const at = own.positions[slice];
  if (at !== undefined && other.positions.length) {
    let best = 0;
    other.positions.forEach((position, index) => {
      if (Math.abs(position - at) < Math.abs((other.positions[best] ?? 0) - at)) best = index;
    });
    return best;
  }
  const last = depth(own) - 1;
  return last > 0 ? Math.round((slice / last) * (depth(other) - 1)) : 0;
}

/** How far a key moves through the stack; null when the key has no meaning here. */
export function move(key: string, slice: number, stack: Stack): number | null {
  const steps: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, PageUp: -10, PageDown: 10 };
  if (key === "Home") return 0;
  if (key === "End") return depth(stack) - 1;
  const step = steps[key];
  return step === undefined ? null : within(slice + step, stack);
}

/** Wheel travel is gathered until it is worth a slice, so that a touch pad does not race. */
export function wheel(gathered: number, delta: number, perSlice = 40): { steps: number; rest: number } {
  const sum = gathered + delta;
  const steps = Math.trunc(sum / perSlice);
  return { steps: steps === 0 ? 0 : steps, rest: sum - steps * perSlice };
}

/** Slices worth fetching before they are asked for: nearest first, ahead before behind. */
export function ahead(slice: number, stack: Stack, reach = 6): number[] {
  const wanted: number[] = [];
  for (let distance = 1; distance <= reach; distance += 1) {
    for (const one of [slice + distance, slice - distance]) {
      if (one >= 0 && one < depth(stack)) wanted.push(one);
    }
  }
  return wanted;
}
