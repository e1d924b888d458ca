import { icon } from "../dom";
import { bytes } from "../wording";
import type { FileState } from "./transfer";

export interface FileRow {
  path: string;
  size: number;
  state: FileState;
  share: number;
  why?: string;
}

const ROW_PX = 30;
const SPARE_ROWS = 6;
const LOOKS: Record<FileState, { icon: string; tone: string; words: string }> = {
  waiting: { icon: "circle-dashed", tone: "idle", words: "Waits" },
  sending: { icon: "cloud-upload", tone: "work", words: "Sending" },
  trying: { icon: "rotate-clockwise", tone: "wait", words: "Trying again" },
  here: { icon: "circle-check", tone: "good", words: "Arrived" },
  refused: { icon: "circle-x", tone: "stop", words: "Not taken" },
};

/** A list of any length of which only the rows in sight are in the page. */
export class FileList {
  private rows: readonly FileRow[] = [];
  private readonly spacer = document.createElement("div");
  private readonly window = document.createElement("ul");
  private isDue = false;

  constructor(private readonly box: HTMLElement) {
    this.spacer.className = "space";
    this.window.className = "rows";
    this.spacer.append(this.window);
    box.replaceChildren(this.spacer);
    box.addEventListener("scroll", () => this.soon());
  }

  show(rows: readonly FileRow[]): void {
    this.rows = rows;
    this.spacer.style.height = `${rows.length * ROW_PX}px`;
    this.soon();
  }

  /** Draws again before the next frame, however often it is asked for. */
  soon(): void {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      if (this.box.offsetParent) this.draw();
    });
  }

  private draw(): void {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW_PX) - SPARE_ROWS);
    const last = Math.min(this.rows.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW_PX) + SPARE_ROWS);
    this.window.style.transform = `translateY(${first * ROW_PX}px)`;
    this.window.replaceChildren(...this.rows.slice(first, last).map((row) => this.line(row)));
  }

  private line(row: FileRow): HTMLElement {
    const line = document.createElement("li");
    const look = LOOKS[row.state];
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = row.path;
    name.title = row.path;
    const size = document.createElement("span");
    size.className = "size";
    size.textContent = bytes(row.size);
    const state = document.createElement("span");
    state.className = "ic-flag";
    state.dataset["tone"] = look.tone;
    const share = row.state === "sending" && row.share > 0 ? ` ${Math.floor(row.share * 100)} %` : "";
    state.append(icon(look.icon, "xs"), row.why ?? `${look.words}${share}`);
    line.append(name, size, state);
    return line;
  }
}
