import { announce } from "../announce";
import { need, needData } from "../dom";
import { bytes, count, duration } from "../wording";
import { FileList, type FileRow } from "./filelist";
import { fromDrop, fromInput, openZips, type Unopened } from "./picking";
import { Pool, overAll } from "./pool";
import { type Examined, type Finding, grouped, judged, type Result, seriesOf } from "./precheck";
import type { RuleSheet } from "./rules";
import { manifestOf, postJson, postMany, put, putInParts } from "./server";
import { Sha256 } from "./sha256";
import { nameOf, type Source } from "./source";
import {
  type Entry,
  LoggedOut,
  NotSent,
  preparation,
  type Progress,
  type RefusedEntry,
  Refused,
  type Sender,
  Transfer,
} from "./transfer";
import { type Acts, button, findingsOf, keyOf, note, passed, passedItem, seriesRow, summary } from "./view";

const DEFAULT_LIMITS = { files: 10_000, bytes: 5 * 1024 ** 3, file_bytes: 4 * 1024 ** 3, large: 32 * 1024 ** 2, part: 8 * 1024 ** 2 };
const DRAW_MS = 100;

interface Sendable {
  source: Source;
  entry: Entry;
  row: FileRow;
  about: Examined | null;
}

/**
 * The upload part of a page: `data-upload` with `data-manifest-url` (POST `{files: [{size, sha256}]}`
 * gives `{missing: [sha256]}`), `data-put-url` (holds `{sha256}`), `data-parts-url` (tus; large files)
 * and `data-finish-url` (POST; may answer `{next: URL}`). With the rules of the visit in a JSON script
 * named by `data-rules`, files are checked before anything is sent and series are chosen; without,
 * everything is sent at once. Choosing the same files again after a break sends what is missing.
 */
export class UploadPanel {
  private readonly rules: RuleSheet | null;
  private readonly limits: typeof DEFAULT_LIMITS;
  private readonly list: FileList;
  private files: Examined[] = [];
  private unopened: Unopened[] = [];
  private chosen: Set<string> | undefined;
  private readonly known = new Set<string>();
  private onlyPatient: string | null = null;
  private readonly explained = new Map<string, string>();
  private result: Result | null = null;
  private transfer: Transfer | null = null;
  private goes = Promise.resolve();
  private isBusy = false;
  private drawn = 0;
  private pending: Progress | null = null;

  constructor(private readonly root: HTMLElement) {
    const name = root.dataset["rules"];
    const script = name ? document.getElementById(name) : null;
    this.rules = script ? (JSON.parse(script.textContent ?? "null") as RuleSheet) : null;
    this.limits = this.rules?.limits ?? DEFAULT_LIMITS;
    this.list = new FileList(this.part("list"));
    for (const input of root.querySelectorAll<HTMLInputElement>("input[type=file]")) {
      input.addEventListener("change", () => {
        const chosen = [...(input.files ?? [])];
        input.value = "";
        void fromInput(chosen).then((sources) => this.pick(sources));
      });
    }
    for (const button of root.querySelectorAll<HTMLElement>("[data-upload-pick]")) {
      button.addEventListener("click", () => this.input(button.dataset["uploadPick"] ?? "files").click());
    }
    this.watchDrop(this.part("drop"));
    this.part("pause").addEventListener("click", () => this.pause());
    this.part("resume").addEventListener("click", () => this.goOn());
    this.part("files").addEventListener("click", () => this.toggleList());
    this.maybe("send")?.addEventListener("click", () => void this.sendChosen());
    window.addEventListener("online", () => this.transfer?.hurry());
    window.addEventListener("beforeunload", (event) => {
      if (this.isBusy) event.preventDefault();
    });
    root.dataset["uploadReady"] = "";
  }

  private maybe(name: string): HTMLElement | null {
    return this.root.querySelector<HTMLElement>(`[data-upload-${name}]`) ?? document.querySelector<HTMLElement>(`[data-upload-${name}]`);
  }

  private part(name: string): HTMLElement {
    const found = this.maybe(name);
    if (!found) throw new Error(`The page has no element for data-upload-${name}`);
    return found;
  }

  private input(kind: string): HTMLInputElement {
    return need<HTMLInputElement>(this.root, `input[data-kind="${kind}"]`);
  }

  private watchDrop(zone: HTMLElement): void {
    // The whole page takes a drop: a folder dropped beside the zone must not open in the tab.
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.toggleAttribute("data-over", true);
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) zone.removeAttribute("data-over");
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.removeAttribute("data-over");
      if (event.dataTransfer) void fromDrop(event.dataTransfer).then((sources) => this.pick(sources));
    });
  }

  // --- choosing and checking ------------------------------------------------------------------

  private pick(sources: Source[]): void {
    if (this.isBusy || !sources.length) return;
    this.goes = this.goes.then(() => this.read(sources)).catch((error: unknown) => this.fail(error));
  }

  private async read(sources: Source[]): Promise<void> {
    this.start("Reading your files");
    const pool = new Pool();
    try {
      const picked = await openZips(sources, this.limits);
      const known = new Set(this.files.map(({ source }) => `${source.path}:${source.size}`));
      const fresh = picked.sources.filter((source) => !known.has(`${source.path}:${source.size}`));
      const started = performance.now();
      let done = 0;
      const examined = await overAll(fresh, async (source) => {
        const header = await pool.header(source).catch(() => null);
        done += 1;
        this.showReading(done, fresh.length, started);
        return header ? { source, header } : null;
      });
      const unread = examined.filter((one) => one === null).length;
      this.files = this.files.concat(examined.filter((one) => one !== null));
      this.unopened = this.unopened.concat(picked.unopened);
      await this.compareCopies(pool);
      if (unread) throw new Refused(`${count(unread)} files cannot be read from the disk.`);
    } finally {
      pool.close();
      this.stopped();
      if (this.files.length || this.unopened.length) this.judge();
    }
    if (!this.rules) await this.sendChosen();
  }

  /** Files with one identifier are told apart by their pixels. */
  private async compareCopies(pool: Pool): Promise<void> {
    const images = this.files.filter((one) => one.header.sop && one.pixels === undefined);
    const repeated = [...grouped(images, (one) => `${one.header.series} ${one.header.sop}`).values()]
      .filter((group) => group.length > 1)
      .flat();
    await overAll(repeated, async (one) => {
      one.pixels = await pool.pixels(one.source, one.header.pixelsAt).catch(() => "");
    });
  }

  private mine(): Examined[] {
    return this.files.filter((one) => one.header.code || this.onlyPatient === null || one.header.patient === this.onlyPatient);
  }

  private judge(): void {
    if (!this.rules) return;
    const mine = this.mine();
    const remembered = this.chosen ? undefined : this.remembered();
    this.chosen ??= new Set(remembered);
    const series = seriesOf(mine, this.rules);
    for (const line of series) {
      // A series that was not here before is ticked when the visit asks for it.
      if (!this.known.has(line.key) && !remembered && line.isChosen) this.chosen.add(line.key);
      this.known.add(line.key);
    }
    for (const line of series) line.isChosen = this.chosen.has(line.key);
    this.result = judged(series, mine, this.rules);
    this.draw();
  }

  private draw(): void {
    const { result } = this;
    if (!result) return;
    this.stage("check");
    this.part("found").hidden = false;
    this.part("series").hidden = false;
    const acts: Acts = {
      add: () => this.input("files").click(),
      tick: (series, on) => this.tick(series, on),
      keepPatient: (key) => this.keepPatient(key),
      explain: (finding, text) => this.explain(finding, text),
      visitUrl: this.root.dataset["visitUrl"] ?? "",
    };
    this.part("summary").replaceChildren(...summary(result, this.explained));
    this.part("findings").replaceChildren(
      ...this.archives(),
      ...findingsOf(result, this.explained, acts),
      ...this.othersLeftOut(),
    );
    this.part("passed").replaceChildren(...passed(result).map(passedItem));
    this.part("rows").replaceChildren(...result.series.map((line) => seriesRow(line, result.findings, result.patients, acts)));
    const sent = result.series.filter((line) => line.isChosen);
    const images = sent.reduce((sum, line) => sum + line.images, 0);
    this.part("chosen").textContent =
      `${sent.length} of ${result.series.length} ticked, ${count(images)} images, ${bytes(sent.reduce((sum, line) => sum + line.bytes, 0))}`;
    this.drawSend(sent.length);
  }

  private archives(): HTMLElement[] {
    return this.unopened.map(({ source, code }) =>
      code
        ? note("stop", "circle-x", `${nameOf(source)} is not sent`, this.rules?.files[code] ?? "Send its files directly.")
        : note("work", "file-zip", `${nameOf(source)} is sent as it is`, "This zip is opened and checked when it has arrived."),
    );
  }

  /** What was left out because it belongs to somebody else, with the way back. */
  private othersLeftOut(): HTMLElement[] {
    if (this.onlyPatient === null) return [];
    const others = this.files.filter((one) => !one.header.code && one.header.patient !== this.onlyPatient).length;
    if (!others) return [];
    const back = button("Take them back", () => {
      this.onlyPatient = null;
      this.redraw();
    }, { icon: "arrow-back-up" });
    const title = others === 1 ? "1 file of another subject is left out" : `${count(others)} files of another subject are left out`;
    return [note("idle", "users", title, "They stay on this computer.", back)];
  }

  private drawSend(series: number): void {
    const send = this.maybe("send");
    if (!send) return;
    const whole = this.unopened.filter((one) => !one.code).length;
    const left = (this.result?.findings ?? []).filter(
      (one) => one.level === "error" && !this.explained.has(keyOf(one)),
    ).length;
    const why = !series && !whole
      ? "Tick at least one series"
      : left
        ? `Fix ${left === 1 ? "1 point" : `${left} points`} or say that ${left === 1 ? "it" : "they"} cannot be fixed`
        : "";
    send.hidden = false;
    send.toggleAttribute("data-closed", why !== "");
    if (why) send.setAttribute("aria-disabled", "true");
    else send.removeAttribute("aria-disabled");
    send.classList.toggle("btn-primary", !why);
    need<HTMLElement>(send, "[data-words]").textContent =
      !series && whole ? "Send zip" : `Send ${count(series)} series`;
    const note = this.part("why");
    note.hidden = !why;
    need<HTMLElement>(note, "[data-words]").textContent = why;
    this.maybe("closed")?.toggleAttribute("hidden", true);
  }

  private tick(series: string, on: boolean): void {
    if (on) this.chosen?.add(series);
    else this.chosen?.delete(series);
    this.remember();
    this.redraw();
  }

  private keepPatient(key: string): void {
    this.onlyPatient = key;
    this.redraw();
    announce("The files of the other subject are left out");
  }

  private explain(finding: Finding, text: string): void {
    this.explained.set(keyOf(finding), text);
    this.redraw();
    announce("Reason kept");
  }

  /** Draws again with the focus where it was, or on the first thing that is left. */
  private redraw(): void {
    const id = document.activeElement?.id ?? "";
    this.judge();
    const again = id ? document.getElementById(id) : null;
    (again ?? this.part("found")).focus();
  }

  private memory(): string {
    return `upload ${needData(this.root, "finishUrl")}`;
  }

  private remember(): void {
    const kept = [...(this.chosen ?? [])].map(shortHash);
    try {
      localStorage.setItem(this.memory(), JSON.stringify(kept));
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }

  /** The series that were ticked before the browser was closed, if all of them are here again. */
  private remembered(): Set<string> | undefined {
    let kept: string[];
    try {
      kept = JSON.parse(localStorage.getItem(this.memory()) ?? "[]") as string[];
    } catch {
      return undefined;
    }
    const keys = new Set(this.files.map((one) => one.header.series).filter(Boolean));
    const found = [...keys].filter((key) => kept.includes(shortHash(key)));
    return kept.length && found.length === kept.length ? new Set(found) : undefined;
  }

  // --- sending --------------------------------------------------------------------------------

  private async sendChosen(): Promise<void> {
    if (this.isBusy || this.maybe("send")?.hasAttribute("data-closed")) return;
    const sources = this.toSend();
    if (!sources.length) return;
    this.start("Preparing your files");
    const pool = new Pool();
    try {
      await this.lookFirst(sources, pool);
      const { ready, unread } = await this.prepared(sources, pool);
      await this.send(ready, unread, pool);
    } catch (error) {
      this.fail(error);
    } finally {
      pool.close();
      this.stopped();
    }
  }

  private toSend(): { source: Source; about: Examined | null }[] {
    const whole = this.unopened.filter((one) => !one.code).map(({ source }) => ({ source, about: null }));
    if (!this.result) return [...this.files.map((about) => ({ source: about.source, about })), ...whole];
    const files = this.result.series.filter((line) => line.isChosen).flatMap((line) => line.files);
    return [...files.map((about) => ({ source: about.source, about })), ...whole];
  }

  /** Shows every file to what prepares them, before the first one is prepared. */
  private async lookFirst(chosen: readonly { source: Source }[], pool: Pool): Promise<void> {
    const started = performance.now();
    const files = chosen.map(({ source }) => ({ name: source.path, open: () => pool.open(source) }));
    await preparation()?.look(files, (done) => this.showReading(done, files.length, started));
  }

  /** The content of a file as it is sent. */
  private async content(source: Source, pool: Pool): Promise<Blob> {
    const blob = await pool.open(source);
    return preparation()?.prepare(source.path, blob) ?? blob;
  }

  private async prepared(
    chosen: readonly { source: Source; about: Examined | null }[],
    pool: Pool,
  ): Promise<{ ready: Sendable[]; unread: Source[] }> {
    const total = chosen.reduce((sum, { source }) => sum + source.size, 0);
    const started = performance.now();
    const unread: Source[] = [];
    let doneBytes = 0;
    let doneFiles = 0;
    const made = await overAll(chosen, async ({ source, about }): Promise<Sendable | null> => {
      try {
        const ready = preparation()
          ? await this.content(source, pool).then((blob) => ({ path: source.path, size: blob.size, blob, method: 0 as const }))
          : source;
        const entry = { size: ready.size, sha256: await pool.hash(ready) };
        return { source, about, entry, row: { path: source.path, size: entry.size, state: "waiting", share: 0 } };
      } catch (error) {
        if (!(error instanceof NotSent)) unread.push(source);
        return null;
      } finally {
        doneBytes += source.size;
        doneFiles += 1;
        const rate = doneBytes / Math.max(0.001, (performance.now() - started) / 1000);
        this.show({ doneBytes, totalBytes: total, doneFiles, totalFiles: chosen.length, rate, secondsLeft: (total - doneBytes) / rate });
      }
    });
    return { ready: made.filter((one) => one !== null), unread };
  }

  private async send(ready: Sendable[], unread: Source[], pool: Pool): Promise<void> {
    this.title("Sending your files");
    this.drawProgress(nothingOf(ready.map((one) => one.entry)), true);
    const manifest = manifestOf(ready.map((one) => one.entry));
    const answer = await postJson(needData(this.root, "manifestUrl"), { files: manifest });
    const others = (answer["others_missing"] ?? []) as string[];
    const rows = grouped(ready, (one) => one.entry.sha256);
    this.list.show([
      ...unread.map((source): FileRow => ({ path: source.path, size: source.size, state: "refused", share: 0, why: "Cannot be read from the disk" })),
      ...inOrder(ready.map((one) => one.row)),
    ]);
    this.part("files").hidden = false;
    const missing = new Set((answer["missing"] ?? []) as string[]);
    this.transfer = new Transfer(
      ready.map((one) => one.entry),
      missing,
      this.sender(rows, pool),
      {
        progress: (progress) => this.show(progress),
        file: (sha256, state, share, why) => {
          for (const { row } of rows.get(sha256) ?? []) Object.assign(row, { state, share }, why ? { why } : {});
          this.list.soon();
        },
        halted: (why) => this.halted(why),
      },
    );
    this.part("pause").hidden = false;
    const refused = await this.transfer.run();
    this.part("pause").hidden = true;
    this.part("resume").hidden = true;
    if (refused.length || unread.length) this.offer(ready, refused, unread, others);
    else await this.finish(ready, others);
  }

  private sender(rows: ReadonlyMap<string, Sendable[]>, pool: Pool): Sender {
    const putUrl = needData(this.root, "putUrl");
    const partsUrl = this.root.dataset["partsUrl"];
    const manyUrl = this.root.dataset["manyUrl"];
    const contentOf = (entry: Entry): Promise<Blob> =>
      this.content((rows.get(entry.sha256)?.[0] as Sendable).source, pool).catch(() => {
        throw new Refused("Cannot be read from the disk. Was it moved or changed?");
      });
    return {
      put: async (entry, onBytes, stop) => {
        const url = putUrl.replace("{sha256}", entry.sha256);
        const content = await contentOf(entry);
        if (entry.size < this.limits.large || !partsUrl) return put(url, content, onBytes, stop);
        return putInParts(`${url}parts/`, content, this.limits.part, onBytes, stop);
      },
      ...(manyUrl
        ? {
            putMany: async (entries: readonly Entry[], onBytes: (sent: number) => void, stop: AbortSignal) => {
              const files = entries.map(async (entry) => ({ sha256: entry.sha256, content: await contentOf(entry) }));
              return postMany(manyUrl, await Promise.all(files), onBytes, stop);
            },
            stillMissing: async (entries: readonly Entry[]) => {
              const answer = await postJson(needData(this.root, "manifestUrl"), { files: manifestOf(entries) }, 1);
              return new Set((answer["missing"] ?? []) as string[]);
            },
          }
        : {}),
      wait: (ms) => new Promise((done) => window.setTimeout(done, ms)),
      now: () => performance.now(),
    };
  }

  /** Some files did not go: the person tries them again or goes on without them. */
  private offer(ready: Sendable[], refused: readonly RefusedEntry[], unread: readonly Source[], others: string[]): void {
    const number = refused.length + unread.length;
    this.title(`${count(number)} ${number === 1 ? "file was" : "files were"} not taken`);
    this.toggleList(true);
    const box = this.part("refused");
    box.hidden = false;
    const words = [...new Set([...refused.map((one) => one.why), ...(unread.length ? ["Cannot be read from the disk."] : [])])];
    need<HTMLElement>(box, "[data-words]").textContent = words.join(" ");
    const without = new Set(refused.map((one) => one.sha256));
    const on = this.part("without");
    on.onclick = () => {
      box.hidden = true;
      const kept = ready.filter((one) => !without.has(one.entry.sha256));
      void this.finish(kept, [...others, ...without]).catch((error: unknown) => this.fail(error));
    };
    this.part("again").onclick = () => {
      box.hidden = true;
      void this.sendChosen();
    };
    box.focus();
  }

  private async finish(ready: Sendable[], leftOut: string[]): Promise<void> {
    const said = [...this.explained].map(([key, text]) => {
      const [code = "", ...series] = key.split(":");
      const about = series.join(":");
      const files = about ? ready.filter((one) => one.about?.header.series === about).map((one) => one.entry.sha256) : [];
      return { code, files, text };
    });
    await preparation()?.finished();
    const answer = await postJson(needData(this.root, "finishUrl"), { said, left_out: leftOut });
    this.title("All files are here");
    announce(`All ${count(ready.length)} files are here`);
    try {
      localStorage.removeItem(this.memory());
    } catch {
      // Nothing was kept.
    }
    this.isBusy = false;
    this.root.dispatchEvent(new CustomEvent("upload:done", { bubbles: true, detail: answer }));
    if (typeof answer["next"] === "string") window.location.assign(answer["next"]);
  }

  // --- progress -------------------------------------------------------------------------------

  private pause(): void {
    this.transfer?.pause();
    this.part("pause").hidden = true;
    this.part("resume").hidden = false;
    this.part("resume").focus();
    this.part("left").textContent = "Paused";
    announce("Upload paused");
  }

  private goOn(): void {
    this.part("error").hidden = true;
    this.transfer?.resume();
    this.part("resume").hidden = true;
    this.part("pause").hidden = false;
    this.part("pause").focus();
    announce("Upload goes on");
  }

  private halted(why: string): void {
    this.part("pause").hidden = true;
    this.part("resume").hidden = false;
    this.part("left").textContent = "Paused";
    this.error(why);
  }

  private toggleList(open?: boolean): void {
    const box = this.part("list");
    box.hidden = open === undefined ? !box.hidden : !open;
    this.part("files").setAttribute("aria-expanded", String(!box.hidden));
    this.list.soon();
  }

  private stage(name: "pick" | "check"): void {
    for (const part of document.querySelectorAll<HTMLElement>("[data-upload-stage]")) {
      part.hidden = part.dataset["uploadStage"] !== name;
    }
  }

  private start(title: string): void {
    this.isBusy = true;
    this.part("error").hidden = true;
    this.part("refused").hidden = true;
    this.part("progress").hidden = false;
    this.part("pause").hidden = true;
    this.root.toggleAttribute("data-busy", true);
    this.maybe("send")?.toggleAttribute("hidden", true);
    this.title(title);
  }

  private stopped(): void {
    this.isBusy = false;
    this.root.removeAttribute("data-busy");
    if (this.result) this.drawSend(this.result.series.filter((line) => line.isChosen).length);
  }

  private title(text: string): void {
    this.part("title").textContent = text;
  }

  private showReading(done: number, total: number, started: number): void {
    const seconds = (performance.now() - started) / 1000;
    const secondsLeft = done ? (seconds / done) * (total - done) : Number.POSITIVE_INFINITY;
    this.show({ doneBytes: done, totalBytes: total, doneFiles: done, totalFiles: total, rate: 0, secondsLeft }, false);
  }

  /** At most ten times a second, however many files are under way; the last state always. */
  private show(progress: Progress, inBytes = true): void {
    const isLast = progress.doneFiles === progress.totalFiles;
    const now = performance.now();
    this.pending = progress;
    if (!isLast && now - this.drawn < DRAW_MS) return;
    this.drawn = now;
    this.drawProgress(this.pending, inBytes);
  }

  private drawProgress(progress: Progress, inBytes: boolean): void {
    const share = progress.totalBytes ? progress.doneBytes / progress.totalBytes : 1;
    const percent = Math.floor(share * 100);
    need<HTMLProgressElement>(this.part("progress"), "progress").value = percent;
    this.part("percent").textContent = `${percent} %`;
    const files = `${count(progress.doneFiles)} of ${count(progress.totalFiles)} files`;
    this.part("counts").textContent = inBytes
      ? `${files}, ${bytes(progress.doneBytes)} of ${bytes(progress.totalBytes)}`
      : files;
    if (this.transfer?.isPaused) return;
    const rate = progress.rate > 0 ? `${bytes(Math.round(progress.rate))}/s, ` : "";
    const left = share < 1 ? `${rate}${duration(progress.secondsLeft)} left` : "";
    this.part("left").textContent = Number.isFinite(progress.secondsLeft) ? left : "";
  }

  private fail(error: unknown): void {
    const words = error instanceof Error ? error.message : String(error);
    const lost = !(error instanceof Refused) && !(error instanceof LoggedOut);
    this.error(
      lost
        ? `The server cannot be reached (${words}). What has arrived is kept. Choose the same files again to go on.`
        : `${words} What has arrived is kept.`,
    );
    this.part("pause").hidden = true;
  }

  private error(words: string): void {
    const box = this.part("error");
    need<HTMLElement>(box, "[data-upload-message]").textContent = words;
    box.hidden = false;
    box.focus();
  }
}

/** What is told before the first file is sent: not the counts of the step before. */
function nothingOf(entries: readonly Entry[]): Progress {
  const totalBytes = entries.reduce((sum, one) => sum + one.size, 0);
  return {
    doneBytes: 0, totalBytes, doneFiles: 0, totalFiles: entries.length, rate: 0,
    secondsLeft: Number.POSITIVE_INFINITY,
  };
}

/** Rows by their paths, IM2 before IM10. */
function inOrder(rows: FileRow[]): FileRow[] {
  const order = new Intl.Collator("en", { numeric: true });
  return rows.sort((a, b) => order.compare(a.path, b.path));
}

function shortHash(text: string): string {
  return new Sha256().update(new TextEncoder().encode(text)).hex().slice(0, 16);
}
