/** A rectangle in pixels of the picture: left and top inside, right and bottom outside. */
export interface Rect {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface Size {
  width: number;
  height: number;
}

/** A box that recognition proposed, or a mask that a person wants, on one frame (-1: on all). */
export interface Box extends Rect {
  frame: number;
  state: "proposed" | "mask";
  score: number;
}

export const EVERY_FRAME = -1;
/** A mask is never thinner than this, so that it can be seen and caught. */
export const LEAST = 3;

const clamp = (value: number, low: number, high: number): number =>
  Math.min(Math.max(value, low), Math.max(low, high));

/** The rectangle between two points, whole pixels, inside the picture. */
export function between(
  one: { x: number; y: number },
  other: { x: number; y: number },
  size: Size,
): Rect {
  const left = clamp(Math.floor(Math.min(one.x, other.x)), 0, size.width - 1);
  const top = clamp(Math.floor(Math.min(one.y, other.y)), 0, size.height - 1);
  const right = clamp(Math.ceil(Math.max(one.x, other.x)), left + 1, size.width);
  const bottom = clamp(Math.ceil(Math.max(one.y, other.y)), top + 1, size.height);
  return { left, top, right, bottom };
}

/** Whether a drag was long enough to be meant as a mask. */
export function isDrawn({ left, top, right, bottom }: Rect): boolean {
  return right - left >= LEAST && bottom - top >= LEAST;
}

/** The rectangle moved as a whole; it stops at the edge and keeps its size. */
export function moved(rect: Rect, dx: number, dy: number, size: Size): Rect {
  const width = rect.right - rect.left;
  const height = rect.bottom - rect.top;
  const left = clamp(Math.round(rect.left + dx), 0, size.width - width);
  const top = clamp(Math.round(rect.top + dy), 0, size.height - height);
  return { left, top, right: left + width, bottom: top + height };
}

/** The rectangle with its right and bottom edges moved. */
export function resized(rect: Rect, dx: number, dy: number, size: Size): Rect {
  return {
    left: rect.left,
    top: rect.top,
    right: clamp(Math.round(rect.right + dx), rect.left + LEAST, size.width),
    bottom: clamp(Math.round(rect.bottom + dy), rect.top + LEAST, size.height),
  };
}

/** A new mask around a point, a fifth of the picture wide. */
export function around(point: { x: number; y: number }, size: Size): Rect {
  const width = Math.max(LEAST, Math.round(size.width / 5));
  const height = Math.max(LEAST, Math.round(size.height / 12));
  const start = {
    left: point.x - width / 2,
    top: point.y - height / 2,
    right: point.x + width / 2,
    bottom: point.y + height / 2,
  };
  return moved(start, 0, 0, size);
}

/** Whether a box shows on a picture: its own frame, and everything on the one of all frames. */
export function showsOn(box: Box, frame: number): boolean {
  return box.frame === EVERY_FRAME || frame === EVERY_FRAME || box.frame === frame;
}

/** What an arrow key asks for: move by one pixel, by ten with Control; Shift resizes. */
export function arrow(
  key: string,
  held: { shift: boolean; ctrl: boolean },
): { dx: number; dy: number; resize: boolean } | null {
  const step = held.ctrl ? 10 : 1;
  const ways: Record<string, [number, number]> = {
    ArrowLeft: [-step, 0],
    ArrowRight: [step, 0],
    ArrowUp: [0, -step],
    ArrowDown: [0, step],
  };
  const way = ways[key];
  return way ? { dx: way[0], dy: way[1], resize: held.shift } : null;
}

/** The part of the picture that is in view: a whole picture, or closer around a point. */
export function viewOf(zoom: number, middle: { x: number; y: number }, size: Size): Rect {
  const width = size.width / zoom;
  const height = size.height / zoom;
  const left = clamp(middle.x - width / 2, 0, size.width - width);
  const top = clamp(middle.y - height / 2, 0, size.height - height);
  return { left, top, right: left + width, bottom: top + height };
}

/** What is sent: the masks, without what only the screen needs. */
export function sent(boxes: readonly Box[]): string {
  const masks = boxes.filter((box) => box.state === "mask");
  return JSON.stringify(
    masks.map(({ left, top, right, bottom, frame }) => ({ left, top, right, bottom, frame })),
  );
}
