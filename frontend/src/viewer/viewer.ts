import { icon, needData, onEach } from "../dom";
import { ahead, depth, matching, move, type Pane, type Panes, wheel, within } from "./stack";

interface View {
  pane: Pane;
  root: HTMLElement;
  picture: HTMLImageElement;
  counter: HTMLElement;
  marker: SVGRectElement;
  slice: number;
  gathered: number;
}

const SVG = "http://www.w3.org/2000/svg";

function corner(place: string): HTMLDivElement {
  const element = document.createElement("div");
  element.className = `ov ${place}`;
  return element;
}

/** A thin bar at the edge that shows how far through the stack the slice lies. */
function positionBar(): { svg: SVGSVGElement; marker: SVGRectElement } {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "position");
  svg.setAttribute("aria-hidden", "true");
  const part = (name: string, height: string): SVGRectElement => {
    const rect = document.createElementNS(SVG, "rect");
    rect.setAttribute("class", name);
    rect.setAttribute("width", "6");
    rect.setAttribute("height", height);
    rect.setAttribute("rx", "3");
    svg.append(rect);
    return rect;
  };
  part("bed", "100%");
  return { svg, marker: part("at", "6") };
}

function build(pane: Pane): View {
  const root = document.createElement("div");
  root.className = "ic-vp";
  root.tabIndex = 0;
  root.setAttribute("role", "slider");
  root.setAttribute("aria-orientation", "vertical");
  root.setAttribute("aria-label", `${pane.title}, slice`);
  root.setAttribute("aria-valuemin", "1");
  root.setAttribute("aria-valuemax", String(depth(pane.stack)));
  const picture = document.createElement("img");
  picture.alt = "";
  picture.draggable = false;
  const title = corner("tl");
  const name = document.createElement("b");
  name.textContent = pane.title;
  title.append(name, document.createElement("br"), pane.detail);
  const counter = corner("tr");
  const bottom = corner("bl");
  bottom.textContent = pane.corner;
  const { svg, marker } = positionBar();
  root.append(picture, title, counter, bottom, svg);
  const slice = within(pane.start ?? Math.floor(depth(pane.stack) / 2), pane.stack);
  return { pane, root, picture, counter, marker, slice, gathered: 0 };
}

/**
 * Shows one or two stacks of ready-made pictures. Wheel and arrow keys move through the slices,
 * digits choose the window, K links two panes. The JSON of `data-stack-viewer` is a `Panes`.
 */
class StackViewer {
  private readonly views: View[];
  private readonly windows: { name: string; label: string }[];
  private window: string;
  private linked = true;
  private linkButton: HTMLButtonElement | null = null;
  private readonly windowButtons: HTMLButtonElement[] = [];

  constructor(
    private readonly host: HTMLElement,
    { panes }: Panes,
  ) {
    this.views = panes.map(build);
    const first = panes[0]?.stack.windows ?? {};
    this.windows = Object.entries(first).map(([name, { label }]) => ({ name, label }));
    this.window = this.windows[0]?.name ?? "";
    host.replaceChildren(this.toolbar(), this.grid());
    host.addEventListener("keydown", (event) => this.key(event));
    for (const view of this.views) this.show(view, view.slice);
  }

  /** Brings a slice (counted from 0) up, as the findings and lesion lists ask for it. */
  goTo({ pane, slice }: { pane: number; slice: number }): void {
    const view = this.views[pane];
    if (view) this.go(view, within(slice, view.pane.stack));
  }

  private tool(label: string, key: string, run: () => void, glyph?: string): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "ic-tool";
    if (glyph) button.append(icon(glyph));
    const shortcut = document.createElement("kbd");
    shortcut.textContent = key;
    button.append(label, shortcut);
    button.addEventListener("click", run);
    return button;
  }

  private toolbar(): HTMLElement {
    const bar = document.createElement("div");
    bar.className = "tools";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Viewer tools");
    this.windows.forEach(({ name, label }, index) => {
      const button = this.tool(label, String(index + 1), () => this.choose(name));
      button.setAttribute("aria-pressed", String(name === this.window));
      this.windowButtons.push(button);
      bar.append(button);
    });
    if (this.views.length > 1) {
      const rule = document.createElement("span");
      rule.className = "ic-tools-sep";
      this.linkButton = this.tool("Linked", "K", () => this.toggleLink(), "link");
      this.linkButton.setAttribute("aria-pressed", "true");
      bar.append(rule, this.linkButton);
    }
    return bar;
  }

  private grid(): HTMLElement {
    const grid = document.createElement("div");
    grid.className = "panes";
    for (const view of this.views) {
      view.root.addEventListener("wheel", (event) => this.turn(view, event), { passive: false });
      view.root.addEventListener("pointerdown", () => view.root.focus());
      grid.append(view.root);
    }
    return grid;
  }

  private turn(view: View, event: WheelEvent): void {
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 40 : event.deltaY;
    const { steps, rest } = wheel(view.gathered, pixels);
    view.gathered = rest;
    if (steps) this.go(view, within(view.slice + steps, view.pane.stack));
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const view = this.views.find((one) => one.root === document.activeElement);
    const slice = view ? move(event.key, view.slice, view.pane.stack) : null;
    const digit = this.windows[Number(event.key) - 1];
    if (view && slice !== null) this.go(view, slice);
    else if (digit) this.choose(digit.name);
    else if (event.key.toLowerCase() === "k" && this.linkButton) this.toggleLink();
    else return;
    event.preventDefault();
  }

  private choose(name: string): void {
    this.window = name;
    this.windows.forEach((window, index) => {
      this.windowButtons[index]?.setAttribute("aria-pressed", String(window.name === name));
    });
    for (const view of this.views) this.show(view, view.slice);
  }

  private toggleLink(): void {
    this.linked = !this.linked;
    this.linkButton?.setAttribute("aria-pressed", String(this.linked));
  }

  private go(view: View, slice: number): void {
    this.show(view, slice);
    if (!this.linked) return;
    for (const other of this.views) {
      if (other !== view) this.show(other, matching(view.pane.stack, slice, other.pane.stack));
    }
  }

  private show(view: View, slice: number): void {
    const { stack } = view.pane;
    const shown = stack.windows[this.window];
    view.slice = within(slice, stack);
    view.picture.src = shown?.slices[view.slice] ?? "";
    const total = depth(stack);
    const words = `Slice ${view.slice + 1} of ${total}`;
    view.counter.replaceChildren(words, document.createElement("br"), shown?.label ?? "");
    view.root.setAttribute("aria-valuenow", String(view.slice + 1));
    view.root.setAttribute("aria-valuetext", `${words}, ${shown?.label ?? ""}`);
    view.marker.setAttribute("y", `${total > 1 ? (94 * view.slice) / (total - 1) : 0}%`);
    for (const next of ahead(view.slice, stack)) new Image().src = shown?.slices[next] ?? "";
    const detail = { pane: this.views.indexOf(view), slice: view.slice, window: this.window };
    this.host.dispatchEvent(new CustomEvent("viewer:slice", { bubbles: true, detail }));
  }
}

/** The series and their slices; null when the answer is something else, as after an ended session. */
async function fetchPanes(url: string): Promise<Panes | null> {
  try {
    const answer = await fetch(url, { credentials: "same-origin" });
    const isJson = answer.headers.get("Content-Type")?.includes("json") ?? false;
    return answer.ok && isJson ? ((await answer.json()) as Panes) : null;
  } catch {
    return null;
  }
}

async function load(host: HTMLElement): Promise<void> {
  const panes = await fetchPanes(needData(host, "stackViewer"));
  if (!panes) {
    host.textContent = "The pictures could not be loaded. Reload the page to try again.";
    return;
  }
  const viewer = new StackViewer(host, panes);
  host.addEventListener("viewer:go", (event) => {
    viewer.goTo((event as CustomEvent<{ pane: number; slice: number }>).detail);
  });
}

/** `<div class="ic-stack-viewer" data-stack-viewer="URL" data-bs-theme="dark">` */
export function watchViewers(): void {
  onEach("[data-stack-viewer]", (host) => void load(host));
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLElement>("[data-viewer-slice]");
    const host = link && document.getElementById(link.dataset["viewer"] ?? "");
    if (!link || !host) return;
    event.preventDefault();
    const detail = { pane: Number(link.dataset["viewerPane"] ?? 0), slice: Number(link.dataset["viewerSlice"]) };
    host.dispatchEvent(new CustomEvent("viewer:go", { detail }));
  });
}
