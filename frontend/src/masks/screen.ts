import { icon, need, needData, onEach } from "../dom";
import {
  EVERY_FRAME,
  type Box,
  type Rect,
  type Size,
  around,
  arrow,
  between,
  isDrawn,
  moved,
  resized,
  sent,
  showsOn,
  viewOf,
} from "./shapes";

interface Picture {
  frame: number;
  label: string;
  url: string;
  width?: number;
  height?: number;
}

interface Facts extends Size {
  pictures: Picture[];
  boxes: (Rect & { frame: number; score: number })[];
  masks: (Rect & { frame: number })[];
  unit?: string;
  readOnly?: boolean;
}

type Drag =
  | { kind: "draw"; from: { x: number; y: number }; box: Box }
  | { kind: "move" | "resize"; from: { x: number; y: number }; box: Box; start: Rect };

const SVG = "http://www.w3.org/2000/svg";
const ZOOMS = [1, 2, 4];

function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Record<string, string | number>,
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/**
 * Draws masks over a held picture. The pointer draws, moves and resizes; every act has a key.
 * The masks go into the hidden field `masks` of the form that `data-mask-form` names.
 */
class MaskScreen {
  private boxes: Box[];
  private past: Box[][] = [];
  private at = 0;
  private zoom = 1;
  private middle: { x: number; y: number };
  private chosen: Box | null = null;
  private preview = false;
  private drag: Drag | null = null;
  private readonly canvas: SVGSVGElement;
  private readonly image: SVGImageElement;
  private readonly layer: SVGGElement;
  private readonly title: HTMLElement;
  private readonly counter: HTMLElement;
  private readonly tools = new Map<string, HTMLButtonElement>();
  private readonly field: HTMLInputElement | null;
  private readonly form: HTMLFormElement | null;

  constructor(
    private readonly host: HTMLElement,
    private readonly facts: Facts,
  ) {
    this.boxes = [
      ...facts.boxes.map((box): Box => ({ ...box, state: "proposed" })),
      ...facts.masks.map((mask): Box => ({ ...mask, score: 1, state: "mask" })),
    ];
    this.middle = { x: this.size.width / 2, y: this.size.height / 2 };
    const formId = host.dataset["maskForm"];
    this.form = formId ? (document.getElementById(formId) as HTMLFormElement | null) : null;
    this.field = this.form ? need<HTMLInputElement>(this.form, 'input[name="masks"]') : null;
    this.canvas = svg("svg", { class: "canvas", role: "group", tabindex: 0 });
    this.image = svg("image", { x: 0, y: 0, preserveAspectRatio: "none" });
    this.layer = svg("g", {});
    this.canvas.append(this.image, this.layer);
    this.title = document.createElement("div");
    this.title.className = "ov tl";
    this.counter = document.createElement("div");
    this.counter.className = "ov tr";
    this.counter.setAttribute("role", "status");
    const stage = document.createElement("div");
    stage.className = "ic-vp";
    stage.append(this.canvas, this.title, this.counter);
    host.replaceChildren(this.toolbar(), stage);
    this.listen(stage);
    this.draw();
  }

  private get picture(): Picture {
    const picture = this.facts.pictures[this.at];
    if (!picture) throw new Error("The mask screen has no picture");
    return picture;
  }

  private get size(): Size {
    const { width, height } = this.facts.pictures[this.at] ?? {};
    return width && height ? { width, height } : this.facts;
  }

  private toolbar(): HTMLElement {
    const bar = document.createElement("div");
    bar.className = "tools";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Mask tools");
    const many = this.facts.pictures.length > 1;
    if (many) {
      this.tool(bar, "back", "", "PgUp", "chevron-left", () => this.turn(-1), "Previous");
      this.tool(bar, "on", "", "PgDn", "chevron-right", () => this.turn(1), "Next");
      bar.append(separator());
    }
    if (!this.facts.readOnly) {
      this.tool(bar, "new", "New mask", "N", "plus", () => this.add());
      this.tool(bar, "accept", "Accept", "A", "check", () => this.accept(), "Accept box");
      this.tool(bar, "all", "All", "Shift A", "checks", () => this.acceptAll(), "Accept all boxes");
      this.tool(bar, "remove", "", "Del", "trash", () => this.remove(), "Remove");
      this.tool(bar, "undo", "", "U", "arrow-back-up", () => this.undo(), "Undo");
      bar.append(separator());
    }
    this.tool(bar, "preview", "As released", "B", "eye", () => this.togglePreview());
    this.tool(bar, "zoom", "", "Z", "zoom-in", () => this.closer(), "Closer");
    return bar;
  }

  private tool(
    bar: HTMLElement,
    name: string,
    label: string,
    key: string,
    glyph: string,
    run: () => void,
    spoken = label,
  ): void {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ic-tool";
    button.setAttribute("aria-label", `${spoken} (${key})`);
    button.title = `${spoken} (${key})`;
    const shortcut = document.createElement("kbd");
    shortcut.textContent = key;
    shortcut.setAttribute("aria-hidden", "true");
    button.append(icon(glyph), label, shortcut);
    button.addEventListener("click", run);
    this.tools.set(name, button);
    bar.append(button);
  }

  private listen(stage: HTMLElement): void {
    this.host.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => this.pull(event));
    this.canvas.addEventListener("pointerup", () => this.drop());
    this.canvas.addEventListener("pointercancel", () => this.drop());
    // A picture under the pointer must not be carried away by the browser's own dragging.
    this.canvas.addEventListener("dragstart", (event) => event.preventDefault());
    this.canvas.addEventListener("mousedown", (event) => event.preventDefault());
    stage.addEventListener(
      "wheel",
      (event) => {
        if (this.facts.pictures.length < 2) return;
        event.preventDefault();
        this.turn(Math.sign(event.deltaY));
      },
      { passive: false },
    );
    this.form?.addEventListener("submit", (event) => this.check(event));
  }

  /** Masks without a mask, or with boxes that nobody judged, are not sent. */
  private check(event: SubmitEvent): void {
    const verdict = (event.submitter as HTMLButtonElement | null)?.value ?? "";
    const left = this.boxes.filter((box) => box.state === "proposed").length;
    const masks = this.boxes.length - left;
    const note = this.form?.querySelector<HTMLElement>("[data-mask-note]");
    let words = "";
    if (verdict === "masked" && masks === 0) words = "Draw a mask first, or accept a box.";
    else if (verdict !== "clean" && verdict !== "left_out" && left > 0)
      words = `${left} ${left === 1 ? "box is" : "boxes are"} neither accepted nor removed.`;
    else if (verdict === "clean" && masks > 0)
      words = "There are masks. Remove them, or choose “Mask and release”.";
    if (note) {
      note.textContent = words;
      note.hidden = !words;
    }
    if (words) {
      event.preventDefault();
      note?.focus();
    }
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey) return;
    if (event.target instanceof HTMLButtonElement && ["Enter", " "].includes(event.key)) return;
    const way = arrow(event.key, { shift: event.shiftKey, ctrl: event.ctrlKey });
    const letter = event.key.toLowerCase();
    const writes = !this.facts.readOnly;
    if (way && this.chosen && writes) this.shift(way);
    else if (way && this.zoom > 1) this.pan(way.dx, way.dy);
    else if (event.ctrlKey) return;
    else if (event.key === "PageDown") this.turn(1);
    else if (event.key === "PageUp") this.turn(-1);
    else if (letter === "b") this.togglePreview();
    else if (letter === "z") this.closer();
    else if (!writes) return;
    else if (letter === "n") this.add();
    else if (letter === "a" && event.shiftKey) this.acceptAll();
    else if (letter === "a" || (event.key === "Enter" && this.chosen)) this.accept();
    else if (event.key === "Delete" || event.key === "Backspace" || letter === "x") this.remove();
    else if (letter === "u") this.undo();
    else if (event.key === "Escape" && this.chosen) this.choose(null);
    else return;
    event.preventDefault();
  }

  private point(event: PointerEvent): { x: number; y: number } {
    const matrix = this.canvas.getScreenCTM();
    if (!matrix) return { x: 0, y: 0 };
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    return { x, y };
  }

  private press(event: PointerEvent): void {
    if (this.facts.readOnly || event.button !== 0) return;
    const target = event.target as SVGElement;
    const from = this.point(event);
    const number = target.closest<SVGElement>("[data-box]")?.dataset["box"];
    const box = number === undefined ? undefined : this.boxes[Number(number)];
    this.keep();
    if (box) {
      this.choose(box);
      const kind = target.classList.contains("grip") ? "resize" : "move";
      this.drag = { kind, from, box, start: { ...box } };
    } else {
      const rect = between(from, from, this.size);
      this.drag = { kind: "draw", from, box: this.made(rect) };
    }
    this.canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  private pull(event: PointerEvent): void {
    const { drag } = this;
    if (!drag) return;
    const to = this.point(event);
    const dx = to.x - drag.from.x;
    const dy = to.y - drag.from.y;
    if (drag.kind === "draw") {
      Object.assign(drag.box, between(drag.from, to, this.size));
      if (!this.boxes.includes(drag.box) && isDrawn(drag.box)) {
        this.boxes.push(drag.box);
        this.chosen = drag.box;
      }
    } else {
      const change = drag.kind === "move" ? moved : resized;
      Object.assign(drag.box, change(drag.start, dx, dy, this.size));
    }
    this.drawBoxes();
  }

  private drop(): void {
    const { drag } = this;
    this.drag = null;
    if (!drag) return;
    const before = this.past.at(-1);
    if (before && JSON.stringify(before) === JSON.stringify(this.boxes)) this.past.pop();
    if (drag.kind === "draw" && !this.boxes.includes(drag.box)) this.chosen = null;
    this.draw();
    this.focusChosen();
  }

  private made(rect: Rect): Box {
    return { ...rect, frame: this.picture.frame, score: 1, state: "mask" };
  }

  private keep(): void {
    const note = this.form?.querySelector<HTMLElement>("[data-mask-note]");
    if (note) note.hidden = true;
    this.past.push(this.boxes.map((box) => ({ ...box })));
    if (this.past.length > 100) this.past.shift();
  }

  private add(): void {
    this.keep();
    const box = this.made(around(this.middle, this.size));
    this.boxes.push(box);
    this.chosen = box;
    this.draw();
    this.focusChosen();
  }

  private accept(): void {
    const open = this.visible().filter((box) => box.state === "proposed");
    const box = this.chosen?.state === "proposed" ? this.chosen : open[0];
    if (!box) return;
    this.keep();
    box.state = "mask";
    this.chosen = open.find((one) => one !== box) ?? box;
    this.draw();
    this.focusChosen();
  }

  private acceptAll(): void {
    this.keep();
    for (const box of this.boxes) box.state = "mask";
    this.draw();
  }

  private remove(): void {
    const { chosen } = this;
    if (!chosen) return;
    this.keep();
    this.boxes = this.boxes.filter((box) => box !== chosen);
    this.chosen = this.visible()[0] ?? null;
    this.draw();
    if (this.chosen) this.focusChosen();
    else this.canvas.focus();
  }

  private undo(): void {
    const before = this.past.pop();
    if (!before) return;
    this.boxes = before;
    this.chosen = null;
    this.draw();
    this.canvas.focus();
  }

  private shift({ dx, dy, resize }: { dx: number; dy: number; resize: boolean }): void {
    if (!this.chosen) return;
    this.keep();
    const change = resize ? resized : moved;
    Object.assign(this.chosen, change(this.chosen, dx, dy, this.size));
    this.draw();
    this.focusChosen();
  }

  private turn(step: number): void {
    const last = this.facts.pictures.length - 1;
    const next = Math.min(Math.max(this.at + step, 0), last);
    if (next === this.at) return;
    this.at = next;
    this.chosen = null;
    this.draw();
  }

  private togglePreview(): void {
    this.preview = !this.preview;
    this.draw();
  }

  private closer(): void {
    const next = ZOOMS.indexOf(this.zoom) + 1;
    this.zoom = ZOOMS[next] ?? 1;
    const box = this.chosen;
    if (box) this.middle = { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 };
    this.draw();
  }

  private pan(dx: number, dy: number): void {
    const step = Math.max(this.size.width, this.size.height) / (10 * this.zoom);
    this.middle = {
      x: this.middle.x + Math.sign(dx) * step,
      y: this.middle.y + Math.sign(dy) * step,
    };
    this.draw();
  }

  private choose(box: Box | null): void {
    this.chosen = box;
    this.drawBoxes();
  }

  private focusChosen(): void {
    const number = this.chosen ? this.boxes.indexOf(this.chosen) : -1;
    this.layer.querySelector<SVGElement>(`[data-box="${number}"]`)?.focus();
  }

  private visible(): Box[] {
    return this.boxes.filter((box) => showsOn(box, this.picture.frame));
  }

  private draw(): void {
    const { width, height } = this.size;
    const view = viewOf(this.zoom, this.middle, this.size);
    this.middle = { x: (view.left + view.right) / 2, y: (view.top + view.bottom) / 2 };
    const part = [view.left, view.top, view.right - view.left, view.bottom - view.top];
    this.canvas.setAttribute("viewBox", part.join(" "));
    this.image.setAttribute("width", String(width));
    this.image.setAttribute("height", String(height));
    if (this.image.getAttribute("href") !== this.picture.url) {
      this.image.setAttribute("href", this.picture.url);
    }
    const turn = `${this.at + 1} of ${this.facts.pictures.length}`;
    this.title.textContent = this.picture.label;
    this.canvas.setAttribute("aria-label", `${this.picture.label}, picture ${turn}`);
    this.tools.get("preview")?.setAttribute("aria-pressed", String(this.preview));
    this.tools.get("zoom")?.setAttribute("aria-pressed", String(this.zoom > 1));
    this.drawBoxes();
  }

  private drawBoxes(): void {
    this.layer.replaceChildren(...this.visible().map((box) => this.shape(box)));
    const masks = this.boxes.filter((box) => box.state === "mask").length;
    const open = this.boxes.length - masks;
    const words = [`${masks} ${masks === 1 ? "mask" : "masks"}`];
    if (open) words.push(`${open} to decide`);
    if (this.zoom > 1) words.push(`${this.zoom}×`);
    const line = words.join(" · ");
    if (this.counter.textContent !== line) this.counter.textContent = line;
    if (this.field) this.field.value = sent(this.boxes);
    const open_ = this.boxes.some((box) => box.state === "proposed");
    this.disable("accept", !open_);
    this.disable("all", !open_);
    this.disable("remove", !this.chosen);
    this.disable("undo", this.past.length === 0);
    this.disable("back", this.at === 0);
    this.disable("on", this.at === this.facts.pictures.length - 1);
  }

  private disable(name: string, off: boolean): void {
    const button = this.tools.get(name);
    if (button) button.setAttribute("aria-disabled", String(off));
  }

  private shape(box: Box): SVGGElement {
    const number = this.boxes.indexOf(box);
    const state = box.state === "mask" && this.preview ? "released" : box.state;
    const group = svg("g", {
      class: `box ${state}${box === this.chosen ? " on" : ""}`,
      "data-box": number,
      role: "button",
      tabindex: 0,
      "aria-label": this.told(box),
    });
    const { left: x, top: y } = box;
    const width = box.right - x;
    const height = box.bottom - y;
    group.append(svg("rect", { x, y, width, height }));
    if (box === this.chosen && !this.facts.readOnly) {
      const grip = Math.max(this.size.width, this.size.height) / (60 * this.zoom);
      const corner = { x: box.right - grip / 2, y: box.bottom - grip / 2 };
      group.append(svg("rect", { class: "grip", ...corner, width: grip, height: grip }));
    }
    group.addEventListener("focus", () => {
      if (this.chosen !== box) {
        this.chosen = box;
        this.drawBoxes();
        this.focusChosen();
      }
    });
    return group;
  }

  private told(box: Box): string {
    const kind = box.state === "mask" ? "Mask" : `Box found, ${Math.round(box.score * 100)} %`;
    const where = box.frame === EVERY_FRAME ? "" : `, ${this.facts.unit ?? "frame"} ${box.frame + 1}`;
    const size = `${box.right - box.left} by ${box.bottom - box.top} pixels`;
    return `${kind}${where}, ${size}, from left ${box.left}, top ${box.top}`;
  }
}

function separator(): HTMLElement {
  const rule = document.createElement("span");
  rule.className = "ic-tools-sep";
  return rule;
}

/** Starts a mask screen in every element that names its facts in `data-mask-screen`. */
export function watchMaskScreens(): void {
  onEach("[data-mask-screen]", (host) => {
    const source = document.getElementById(needData(host, "maskScreen"));
    const facts = JSON.parse(source?.textContent ?? "{}") as Facts;
    if (facts.pictures?.length) new MaskScreen(host, facts);
  });
}
