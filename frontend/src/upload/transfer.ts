/** A file as the server knows it: its path in the chosen folder, its size and its SHA-256. */
export interface Entry {
  path: string;
  size: number;
  sha256: string;
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

/** Speed over a sliding window, so that a slow start or a pause does not spoil the forecast. */
export class Rate {
  private samples: { at: number; bytes: number }[] = [];

  constructor(private readonly windowMs = 8000) {}

  add(at: number, bytes: number): void {
    this.samples.push({ at, bytes });
    this.samples = this.samples.filter((sample) => at - sample.at <= this.windowMs);
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

export class Refused extends Error {}

/** Waiting time before try n (from 1) after a lost connection: 1, 2, 4 … at most 30 seconds. */
export function backOff(attempt: number): number {
  return Math.min(30_000, 1000 * 2 ** (attempt - 1));
}

export interface Sender {
  /** Sends the bytes of one entry; throws `Refused` when the server will never take them. */
  put(entry: Entry, onBytes: (bytes: number) => void, stop: AbortSignal): Promise<void>;
  wait(ms: number): Promise<void>;
  now(): number;
}

/**
 * Sends what is missing, several files at a time, each once per content. A lost connection is
 * tried again with growing pauses; `pause` stops the files under way and `resume` begins them anew.
 * The server keeps whole files only, so a resumed upload asks again what is missing and goes on.
 */
export class Transfer {
  private readonly rate = new Rate();
  private readonly total: number;
  private readonly sent = new Map<string, number>();
  private readonly done = new Set<string>();
  private gate: Promise<void> | null = null;
  private open: (() => void) | null = null;
  private stop = new AbortController();

  constructor(
    private readonly entries: readonly Entry[],
    private readonly missing: ReadonlySet<string>,
    private readonly sender: Sender,
    private readonly show: (progress: Progress) => void,
    private readonly lanes = 5,
    private readonly tries = 8,
  ) {
    this.total = entries.reduce((sum, entry) => sum + entry.size, 0);
    for (const entry of entries) if (!missing.has(entry.sha256)) this.done.add(entry.sha256);
  }

  async run(): Promise<void> {
    const seen = new Set<string>();
    const waiting = this.entries.filter((entry) => {
      const first = this.missing.has(entry.sha256) && !seen.has(entry.sha256);
      seen.add(entry.sha256);
      return first;
    });
    this.report();
    const lane = async (): Promise<void> => {
      for (let entry = waiting.shift(); entry; entry = waiting.shift()) await this.send(entry);
    };
    await Promise.all(Array.from({ length: this.lanes }, lane));
  }

  pause(): void {
    if (this.gate) return;
    this.gate = new Promise((open) => {
      this.open = open;
    });
    this.stop.abort();
    this.rate.clear();
  }

  resume(): void {
    this.stop = new AbortController();
    this.gate = null;
    this.open?.();
  }

  private async send(entry: Entry): Promise<void> {
    for (let attempt = 1; ; ) {
      if (this.gate) await this.gate;
      const { signal } = this.stop;
      try {
        await this.sender.put(entry, (bytes) => this.count(entry, bytes), signal);
        this.sent.delete(entry.sha256);
        this.done.add(entry.sha256);
        return this.report();
      } catch (error) {
        this.sent.delete(entry.sha256);
        if (error instanceof Refused) throw error;
        if (signal.aborted) continue;
        if (attempt >= this.tries) throw error;
        await this.sender.wait(backOff(attempt));
        attempt += 1;
      }
    }
  }

  private count(entry: Entry, bytes: number): void {
    const before = this.sent.get(entry.sha256) ?? 0;
    this.sent.set(entry.sha256, bytes);
    this.rate.add(this.sender.now(), Math.max(0, bytes - before));
    this.report();
  }

  private report(): void {
    const finished = this.entries.filter((entry) => this.done.has(entry.sha256));
    const partial = [...this.sent.values()].reduce((sum, bytes) => sum + bytes, 0);
    const doneBytes = Math.min(this.total, partial + finished.reduce((sum, one) => sum + one.size, 0));
    const rate = this.rate.perSecond();
    this.show({
      doneBytes,
      totalBytes: this.total,
      doneFiles: finished.length,
      totalFiles: this.entries.length,
      rate,
      secondsLeft: rate > 0 ? (this.total - doneBytes) / rate : Number.POSITIVE_INFINITY,
    });
  }
}
