/** Hashes files off the page's thread, a few workers at a time. */
export class Hasher {
  private readonly workers: Worker[];
  private readonly waiting = new Map<number, { done: (sha256: string) => void; fail: (e: Error) => void }>();
  private next = 0;

  constructor(size = Math.min(4, navigator.hardwareConcurrency || 2)) {
    this.workers = Array.from({ length: size }, () => {
      const worker = new Worker(new URL("./hash.worker.ts", import.meta.url), { type: "module" });
      worker.addEventListener("message", (event) => this.take(event));
      worker.addEventListener("error", () => this.failAll());
      return worker;
    });
  }

  hash(file: File): Promise<string> {
    const id = this.next;
    this.next += 1;
    return new Promise((done, fail) => {
      this.waiting.set(id, { done, fail });
      this.workers[id % this.workers.length]?.postMessage({ id, file });
    });
  }

  close(): void {
    for (const worker of this.workers) worker.terminate();
  }

  private take(event: MessageEvent<{ id: number; sha256?: string; error?: string }>): void {
    const { id, sha256, error } = event.data;
    const one = this.waiting.get(id);
    this.waiting.delete(id);
    if (sha256) one?.done(sha256);
    else one?.fail(new Error(error ?? "A file cannot be read"));
  }

  private failAll(): void {
    for (const one of this.waiting.values()) one.fail(new Error("Files cannot be read here"));
    this.waiting.clear();
  }
}
