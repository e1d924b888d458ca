/** What is sent: its size and its SHA-256, after preparation. Paths stay in the browser. */
export interface Entry {
  size: number;
  sha256: string;
}

/**
 * Done to every file before it is hashed and sent. `prepare` must give the same bytes each time: the
 * file is prepared again when it is sent, so that a large upload does not lie in memory twice.
 */
export interface Preparation {
  /** Sees every chosen file before the first one is prepared. */
  look(
    files: readonly { name: string; open: () => Promise<Blob> }[],
    done: (number: number) => void,
  ): Promise<void>;
  /** The content as it is sent; throws `NotSent` when the file stays on this computer. */
  prepare(name: string, file: Blob): Promise<Blob>;
  /** All that is to be sent was sent. */
  finished(): Promise<void>;
}

/** A file that stays on this computer on purpose; the message is the reason code. */
export class NotSent extends Error {}

let prepare: Preparation | null = null;

/** Sets what is done to every file before it is hashed; null sends files as they are. */
export function prepareWith(hook: Preparation | null): void {
  prepare = hook;
}

/** What is done to every file before it is hashed, or null. */
export function preparation(): Preparation | null {
  return prepare;
}

export interface Progress {
  doneBytes: number;
  totalBytes: number;
  doneFiles: number;
  totalFiles: number;
  /** Bytes a second over the last seconds; 0 until it can be said. */
  rate: number;
  secondsLeft: number;
}

export type FileState = "waiting" | "sending" | "trying" | "here" | "refused";

/** Speed over a sliding window, so that a slow start or a pause does not spoil the forecast. */
export class Rate {
  private samples: { at: number; bytes: number }[] = [];

  constructor(private readonly windowMs = 8000) {}

  add(at: number, bytes: number): void {
    this.samples.push({ at, bytes });
    const old = this.samples.findIndex((sample) => at - sample.at <= this.windowMs);
    if (old > 0) this.samples.splice(0, old);
  }

  perSecond(): number {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (!first || !last || last.at === first.at) return 0;
    const gained = this.samples.slice(1).reduce((sum, sample) => sum + sample.bytes, 0);
    return (gained * 1000) / (last.at - first.at);
  }

  clear(): void {
    this.samples = [];
  }
}

/** The server will never take this file; the message says why. */
export class Refused extends Error {}

/** Nobody is logged in any more: nothing can be sent until somebody is. */
export class LoggedOut extends Error {}

/** Waiting time before try n (from 1) after a lost connection: 1, 2, 4 … at most 30 seconds. */
export function backOff(attempt: number): number {
  return Math.min(30_000, 1000 * 2 ** (attempt - 1));
}

/** Up to this size entries travel together, so many and so much in one message. */
const SMALL_BYTES = 2 * 1024 ** 2;
const MESSAGE_FILES = 24;
const MESSAGE_BYTES = 8 * 1024 ** 2;

/** Entries in messages: large ones alone, small ones together, with work for every lane. */
export function messages(entries: readonly Entry[], lanes: number): Entry[][] {
  const small = entries.filter((entry) => entry.size <= SMALL_BYTES).length;
  const most = Math.max(1, Math.min(MESSAGE_FILES, Math.ceil(small / lanes)));
  const made: Entry[][] = [];
  let open: Entry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (entry.size > SMALL_BYTES) {
      made.push([entry]);
      continue;
    }
    if (open.length === most || (open.length && bytes + entry.size > MESSAGE_BYTES)) {
      made.push(open);
      open = [];
      bytes = 0;
    }
    open.push(entry);
    bytes += entry.size;
  }
  if (open.length) made.push(open);
  return made;
}

export interface Sender {
  /**
   * Sends the bytes of one entry; throws `Refused` or `LoggedOut`, anything else is a lost connection.
   * `onBytes` is told how many of its bytes are sent, from 0.
   */
  put(entry: Entry, onBytes: (bytes: number) => void, stop: AbortSignal): Promise<void>;
  /** Sends several small entries in one message, as `put` does; what came whole before a cut is kept. */
  putMany?(entries: readonly Entry[], onBytes: (bytes: number) => void, stop: AbortSignal): Promise<void>;
  /** Which of these entries the server still lacks; asked after a message was cut. */
  stillMissing?(entries: readonly Entry[]): Promise<ReadonlySet<string>>;
  wait(ms: number): Promise<void>;
  now(): number;
}

export interface Watcher {
  progress(progress: Progress): void;
  /** An entry's state, by its SHA-256; `share` of its bytes is sent. */
  file?(sha256: string, state: FileState, share: number, why?: string): void;
  /** The transfer paused by itself. */
  halted?(why: string): void;
}

export interface RefusedEntry {
  sha256: string;
  why: string;
}

/**
 * Sends what is missing, several messages at a time, each content once; small files share a message.
 * A lost connection is tried again with growing pauses, with what has not arrived of its message; a
 * refused file is noted and the others go on; `pause` stops the messages under way and `resume` begins
 * them anew, large files where they stopped.
 */
export class Transfer {
  private readonly rate = new Rate();
  private readonly totalBytes: number;
  private readonly totalFiles: number;
  private readonly copies = new Map<string, { files: number; bytes: number }>();
  private readonly under = new Map<string, number>();
  private readonly refused: RefusedEntry[] = [];
  private doneBytes = 0;
  private doneFiles = 0;
  private underBytes = 0;
  private gate: Promise<void> | null = null;
  private open: (() => void) | null = null;
  private hurried: (() => void) | null = null;
  private stop = new AbortController();

  constructor(
    private readonly entries: readonly Entry[],
    private readonly missing: ReadonlySet<string>,
    private readonly sender: Sender,
    private readonly watcher: Watcher,
    private readonly lanes = 5,
    private readonly tries = Number.POSITIVE_INFINITY,
  ) {
    this.totalFiles = entries.length;
    this.totalBytes = entries.reduce((sum, entry) => sum + entry.size, 0);
    for (const { sha256, size } of entries) {
      const known = this.copies.get(sha256) ?? { files: 0, bytes: 0 };
      this.copies.set(sha256, { files: known.files + 1, bytes: known.bytes + size });
    }
  }

  /** Sends everything and returns the files that the server refused. */
  async run(): Promise<readonly RefusedEntry[]> {
    const waiting: Entry[] = [];
    const seen = new Set<string>();
    for (const entry of this.entries) {
      if (seen.has(entry.sha256)) continue;
      seen.add(entry.sha256);
      if (this.missing.has(entry.sha256)) waiting.push(entry);
      else this.finish(entry.sha256);
    }
    this.report();
    const queue = this.sender.putMany ? messages(waiting, this.lanes) : waiting.map((entry) => [entry]);
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < queue.length) {
        const message = queue[next] as Entry[];
        next += 1;
        await this.send(message);
      }
    };
    await Promise.all(Array.from({ length: this.lanes }, lane));
    return this.refused;
  }

  get isPaused(): boolean {
    return this.gate !== null;
  }

  pause(): void {
    if (this.gate) return;
    this.gate = new Promise((open) => {
      this.open = open;
    });
    this.stop.abort();
    this.rate.clear();
    this.hurry();
  }

  resume(): void {
    this.stop = new AbortController();
    this.gate = null;
    this.open?.();
  }

  /** Tries again at once what waits after a lost connection. */
  hurry(): void {
    this.hurried?.();
    this.hurried = null;
  }

  private async send(message: readonly Entry[]): Promise<void> {
    let left = message;
    for (let attempt = 1, isCut = false; ; isCut = true) {
      if (this.gate) await this.gate;
      if (isCut) left = await this.notArrived(left);
      const { signal } = this.stop;
      for (const { sha256 } of left) this.watcher.file?.(sha256, "sending", 0);
      try {
        await this.carry(left, signal);
        for (const { sha256 } of left) this.finish(sha256);
        return this.report();
      } catch (error) {
        for (const { sha256 } of left) this.forget(sha256);
        if (error instanceof Refused) return this.apart(left, error);
        if (error instanceof LoggedOut) this.halt(error.message);
        else if (!signal.aborted) {
          if (attempt >= this.tries) throw error;
          for (const { sha256 } of left) this.watcher.file?.(sha256, "trying", 0);
          await this.rest(backOff(attempt));
          attempt += 1;
        }
      }
    }
  }

  private async carry(message: readonly Entry[], signal: AbortSignal): Promise<void> {
    const [first] = message;
    if (!first) return;
    if (message.length > 1 && this.sender.putMany)
      return this.sender.putMany(message, (bytes) => this.countMany(message, bytes), signal);
    return this.sender.put(first, (bytes) => this.count(first, bytes), signal);
  }

  /** What has not arrived of a message that was cut; all of it when nobody can say. */
  private async notArrived(message: readonly Entry[]): Promise<readonly Entry[]> {
    if (message.length < 2 || !this.sender.stillMissing) return message;
    const missing = await this.sender.stillMissing(message).catch(() => null);
    if (!missing) return message;
    for (const { sha256 } of message) if (!missing.has(sha256)) this.finish(sha256);
    this.report();
    return message.filter(({ sha256 }) => missing.has(sha256));
  }

  /** One file of a message was refused: each goes by itself, so that it is known which. */
  private async apart(message: readonly Entry[], error: Refused): Promise<void> {
    const [first, ...others] = message;
    if (first && !others.length) return this.refuse(first.sha256, error.message);
    for (const entry of await this.notArrived(message)) await this.send([entry]);
  }

  private async rest(ms: number): Promise<void> {
    const hurried = new Promise<void>((done) => {
      const before = this.hurried;
      this.hurried = () => {
        before?.();
        done();
      };
    });
    await Promise.race([this.sender.wait(ms), hurried]);
  }

  private halt(why: string): void {
    if (this.gate) return;
    this.pause();
    this.watcher.halted?.(why);
  }

  private refuse(sha256: string, why: string): void {
    this.refused.push({ sha256, why });
    this.watcher.file?.(sha256, "refused", 0, why);
    this.report();
  }

  private finish(sha256: string): void {
    this.forget(sha256);
    const { files, bytes } = this.copies.get(sha256) ?? { files: 0, bytes: 0 };
    this.doneFiles += files;
    this.doneBytes += bytes;
    this.watcher.file?.(sha256, "here", 1);
  }

  private forget(sha256: string): void {
    this.underBytes -= this.under.get(sha256) ?? 0;
    this.under.delete(sha256);
  }

  /** Counts the bytes of a message, which holds its files one after the other. */
  private countMany(message: readonly Entry[], bytes: number): void {
    let left = bytes;
    for (const entry of message) {
      const sent = Math.max(0, Math.min(entry.size, left));
      left -= entry.size;
      if (sent !== (this.under.get(entry.sha256) ?? 0)) this.count(entry, sent);
    }
  }

  private count(entry: Entry, bytes: number): void {
    const before = this.under.get(entry.sha256) ?? 0;
    this.under.set(entry.sha256, bytes);
    this.underBytes += bytes - before;
    this.rate.add(this.sender.now(), Math.max(0, bytes - before));
    this.watcher.file?.(entry.sha256, "sending", entry.size ? bytes / entry.size : 1);
    this.report();
  }

  private report(): void {
    const doneBytes = Math.min(this.totalBytes, this.doneBytes + this.underBytes);
    const rate = this.rate.perSecond();
    this.watcher.progress({
      doneBytes,
      totalBytes: this.totalBytes,
      doneFiles: this.doneFiles,
      totalFiles: this.totalFiles,
      rate,
      secondsLeft: rate > 0 ? (this.totalBytes - doneBytes) / rate : Number.POSITIVE_INFINITY,
    });
  }
}
