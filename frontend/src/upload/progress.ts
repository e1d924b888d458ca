import { announce } from "../announce";
import { need } from "../dom";
import { bytes, count, duration } from "../wording";
import { FileList, type FileRow } from "./filelist";
import type { Parts } from "./parts";
import { LoggedOut, type Progress, Refused } from "./transfer";

const DRAW_MS = 100;

/** What the page tells while files are read and sent: counts, time left, the list, what went wrong. */
export class ProgressView {
  private readonly list: FileList;
  private drawn = 0;
  private isPaused = false;

  constructor(private readonly parts: Parts) {
    this.list = new FileList(parts.of("list"));
    parts.of("files").addEventListener("click", () => this.toggleList());
  }

  start(title: string): void {
    this.isPaused = false;
    this.parts.show(["progress"], ["error", "refused", "pause"]);
    this.title(title);
  }

  /** Brings the counts before the eyes: on a phone they stand below all that was found. */
  lookHere(): void {
    this.parts.of("progress").scrollIntoView({ block: "center" });
  }

  title(text: string): void {
    this.parts.of("title").textContent = text;
  }

  /** Counts files that are read, from `started` on, with the time that the others will need. */
  reading(done: number, total: number, started: number): void {
    const seconds = (performance.now() - started) / 1000;
    const secondsLeft = done ? (seconds / done) * (total - done) : Number.POSITIVE_INFINITY;
    this.show({ doneBytes: done, totalBytes: total, doneFiles: done, totalFiles: total, rate: 0, secondsLeft }, false);
  }

  /** What is told before the first file is sent: not the counts of the step before. */
  sending(toSend: readonly { size: number }[]): void {
    this.title("Sending your files");
    const totalBytes = toSend.reduce((sum, one) => sum + one.size, 0);
    const secondsLeft = Number.POSITIVE_INFINITY;
    this.draw({ doneBytes: 0, totalBytes, doneFiles: 0, totalFiles: toSend.length, rate: 0, secondsLeft }, true);
  }

  /** The server does not answer; it is asked again by itself. */
  waiting(): void {
    this.parts.of("left").textContent = "No connection. It is tried again; nothing is lost.";
  }

  /** The files are on their way: they can be listed and paused. */
  underWay(rows: readonly FileRow[]): void {
    this.list.show(rows);
    this.parts.show(["files", "pause"]);
  }

  sent(): void {
    this.parts.show([], ["pause", "resume"]);
  }

  rowsChanged(): void {
    this.list.soon();
  }

  paused(): void {
    this.isPaused = true;
    this.parts.show(["resume"], ["pause"]);
    this.parts.of("resume").focus();
    this.parts.of("left").textContent = "Paused";
    announce("Upload paused");
  }

  /** The transfer paused by itself. */
  halted(why: string): void {
    this.isPaused = true;
    this.parts.show(["resume"], ["pause"]);
    this.parts.of("left").textContent = "Paused";
    this.error(why);
  }

  resumed(): void {
    this.isPaused = false;
    this.parts.show(["pause"], ["error", "resume"]);
    this.parts.of("pause").focus();
    announce("Upload goes on");
  }

  toggleList(open?: boolean): void {
    const box = this.parts.of("list");
    box.hidden = open === undefined ? !box.hidden : !open;
    this.parts.of("files").setAttribute("aria-expanded", String(!box.hidden));
    this.list.soon();
  }

  /** At most ten times a second, however many files are under way; the last state always. */
  show(progress: Progress, inBytes = true): void {
    const isLast = progress.doneFiles === progress.totalFiles;
    const now = performance.now();
    if (!isLast && now - this.drawn < DRAW_MS) return;
    this.drawn = now;
    this.draw(progress, inBytes);
  }

  private draw(progress: Progress, inBytes: boolean): void {
    const share = progress.totalBytes ? progress.doneBytes / progress.totalBytes : 1;
    const percent = Math.floor(share * 100);
    need<HTMLProgressElement>(this.parts.of("progress"), "progress").value = percent;
    this.parts.of("percent").textContent = `${percent} %`;
    const files = `${count(progress.doneFiles)} of ${count(progress.totalFiles)} files`;
    this.parts.of("counts").textContent = inBytes
      ? `${files}, ${bytes(progress.doneBytes)} of ${bytes(progress.totalBytes)}`
      : files;
    if (this.isPaused) return;
    const rate = progress.rate > 0 ? `${bytes(Math.round(progress.rate))}/s, ` : "";
    const left = share < 1 ? `${rate}${duration(progress.secondsLeft)} left` : "";
    this.parts.of("left").textContent = Number.isFinite(progress.secondsLeft) ? left : "";
  }

  fail(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    const lost = !(error instanceof Refused) && !(error instanceof LoggedOut);
    this.error(
      lost
        ? `The server cannot be reached (${words}). What has arrived is kept. Choose the same files again to go on.`
        : `${words} What has arrived is kept.`,
    );
    this.parts.show([], ["pause"]);
  }

  private error(words: string): void {
    const box = this.parts.of("error");
    need<HTMLElement>(box, "[data-upload-message]").textContent = words;
    box.hidden = false;
    box.focus();
  }
}
