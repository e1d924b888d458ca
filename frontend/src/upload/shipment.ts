import { needData } from "../dom";
import type { Picked } from "./choice";
import type { FileRow } from "./filelist";
import { overAll, type Pool } from "./pool";
import { grouped } from "./precheck";
import type { ProgressView } from "./progress";
import { manifestOf, postJson, postMany, put, putInParts } from "./server";
import type { Source } from "./source";
import { type Entry, NotSent, preparation, type RefusedEntry, Refused, type Sender, Transfer } from "./transfer";

export interface Sendable extends Picked {
  entry: Entry;
  row: FileRow;
}

/** How a shipment ended: what arrived or was refused, what could not be read, what came elsewhere. */
export interface Outcome {
  ready: Sendable[];
  refused: readonly RefusedEntry[];
  unread: Source[];
  /** Files of an earlier choice that never came. */
  othersMissing: string[];
}

export interface Limits {
  /** From this size on a file goes in parts. */
  large: number;
  part: number;
}

/** The files of one choice on their way: prepared, hashed, and what the server lacks sent. */
export class Shipment {
  private transfer: Transfer | null = null;

  constructor(
    private readonly root: HTMLElement,
    private readonly limits: Limits,
    private readonly pool: Pool,
    private readonly view: ProgressView,
  ) {}

  pause(): void {
    this.transfer?.pause();
  }

  resume(): void {
    this.transfer?.resume();
  }

  hurry(): void {
    this.transfer?.hurry();
  }

  async run(chosen: readonly Picked[]): Promise<Outcome> {
    await this.lookFirst(chosen);
    const { ready, unread } = await this.prepared(chosen);
    const entries = ready.map((one) => one.entry);
    this.view.sending(entries);
    const announced = { files: manifestOf(entries) };
    const answer = await postJson(needData(this.root, "manifestUrl"), announced, 6, () => this.view.waiting());
    this.view.underWay([...unread.map(notRead), ...inOrder(ready.map((one) => one.row))]);
    const missing = new Set((answer["missing"] ?? []) as string[]);
    const refused = await this.carry(ready, missing);
    this.view.sent();
    return { ready, refused, unread, othersMissing: (answer["others_missing"] ?? []) as string[] };
  }

  /** Shows every file to what prepares them, before the first one is prepared. */
  private async lookFirst(chosen: readonly Picked[]): Promise<void> {
    const started = performance.now();
    const files = chosen.map(({ source }) => ({ name: source.path, open: () => this.pool.open(source) }));
    await preparation()?.look(files, (done) => this.view.reading(done, files.length, started));
  }

  /** The content of a file as it is sent. */
  private async content(source: Source): Promise<Blob> {
    const blob = await this.pool.open(source);
    return preparation()?.prepare(source.path, blob) ?? blob;
  }

  private async prepared(chosen: readonly Picked[]): Promise<{ ready: Sendable[]; unread: Source[] }> {
    const totalBytes = chosen.reduce((sum, { source }) => sum + source.size, 0);
    const started = performance.now();
    const unread: Source[] = [];
    let doneBytes = 0;
    let doneFiles = 0;
    const made = await overAll(chosen, async ({ source, about }): Promise<Sendable | null> => {
      try {
        const entry = await this.entryOf(source);
        return { source, about, entry, row: { path: source.path, size: entry.size, state: "waiting", share: 0 } };
      } catch (error) {
        if (!(error instanceof NotSent)) unread.push(source);
        return null;
      } finally {
        doneBytes += source.size;
        doneFiles += 1;
        const rate = doneBytes / Math.max(0.001, (performance.now() - started) / 1000);
        const secondsLeft = (totalBytes - doneBytes) / rate;
        this.view.show({ doneBytes, totalBytes, doneFiles, totalFiles: chosen.length, rate, secondsLeft });
      }
    });
    return { ready: made.filter((one) => one !== null), unread };
  }

  private async entryOf(source: Source): Promise<Entry> {
    let sent = source;
    if (preparation()) {
      const blob = await this.content(source);
      sent = { path: source.path, size: blob.size, blob, method: 0 };
    }
    return { size: sent.size, sha256: await this.pool.hash(sent) };
  }

  private carry(ready: readonly Sendable[], missing: ReadonlySet<string>): Promise<readonly RefusedEntry[]> {
    const copies = grouped(ready, (one) => one.entry.sha256);
    this.transfer = new Transfer(ready.map((one) => one.entry), missing, this.sender(copies), {
      progress: (progress) => this.view.show(progress),
      file: (sha256, state, share, why) => {
        for (const { row } of copies.get(sha256) ?? []) Object.assign(row, { state, share }, why ? { why } : {});
        this.view.rowsChanged();
      },
      halted: (why) => this.view.halted(why),
    });
    return this.transfer.run();
  }

  private sender(copies: ReadonlyMap<string, Sendable[]>): Sender {
    const putUrl = needData(this.root, "putUrl");
    const partsUrl = this.root.dataset["partsUrl"];
    const contentOf = (entry: Entry): Promise<Blob> =>
      this.content((copies.get(entry.sha256)?.[0] as Sendable).source).catch(() => {
        throw new Refused("Cannot be read from the disk. Was it moved or changed?");
      });
    return {
      put: async (entry, onBytes, stop) => {
        const url = putUrl.replace("{sha256}", entry.sha256);
        const content = await contentOf(entry);
        if (entry.size < this.limits.large || !partsUrl) return put(url, content, onBytes, stop);
        return putInParts(`${url}parts/`, content, this.limits.part, onBytes, stop);
      },
      ...this.together(contentOf),
      wait: (ms) => new Promise((done) => window.setTimeout(done, ms)),
      now: () => performance.now(),
    };
  }

  /** How small files share a message, where the page has an address for it. */
  private together(contentOf: (entry: Entry) => Promise<Blob>): Pick<Sender, "putMany" | "stillMissing"> {
    const manyUrl = this.root.dataset["manyUrl"];
    if (!manyUrl) return {};
    return {
      putMany: async (entries, onBytes, stop) => {
        const files = entries.map(async (entry) => ({ sha256: entry.sha256, content: await contentOf(entry) }));
        return postMany(manyUrl, await Promise.all(files), onBytes, stop);
      },
      stillMissing: async (entries) => {
        const answer = await postJson(needData(this.root, "manifestUrl"), { files: manifestOf(entries) }, 1);
        return new Set((answer["missing"] ?? []) as string[]);
      },
    };
  }
}

function notRead(source: Source): FileRow {
  return { path: source.path, size: source.size, state: "refused", share: 0, why: "Cannot be read from the disk" };
}

/** Rows by their paths, IM2 before IM10. */
function inOrder(rows: FileRow[]): FileRow[] {
  const order = new Intl.Collator("en", { numeric: true });
  return rows.sort((a, b) => order.compare(a.path, b.path));
}
