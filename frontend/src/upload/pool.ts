import type { Header } from "./header";
import type { Ask } from "./reading.worker";
import type { Source } from "./source";

/** A file that cannot be read, because it was moved, changed or its disk was taken away. */
export class Unreadable extends Error {}

interface Waiting {
  done: (result: unknown) => void;
  fail: (error: Error) => void;
}

/** Workers that open, hash and read headers off the page's thread. */
export class Pool {
  private readonly workers: Worker[];
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  constructor(size = Math.max(1, Math.min(4, navigator.hardwareConcurrency || 2))) {
    this.workers = Array.from({ length: size }, () => {
      const worker = new Worker(new URL("./reading.worker.ts", import.meta.url), { type: "module" });
      worker.addEventListener("message", (event) => this.take(event));
      worker.addEventListener("error", () => this.failAll());
      return worker;
    });
  }

  header(source: Source): Promise<Header> {
    return this.ask({ act: "header", source }) as Promise<Header>;
  }

  hash(source: Source): Promise<string> {
    return this.ask({ act: "hash", source }) as Promise<string>;
  }

  pixels(source: Source, from: number): Promise<string> {
    return this.ask({ act: "pixels", source, from }) as Promise<string>;
  }

  /** The content; a plain file is its own content and is not copied. */
  async open(source: Source): Promise<Blob> {
    return source.method === 0 ? source.blob : ((await this.ask({ act: "open", source })) as Blob);
  }

  close(): void {
    for (const worker of this.workers) worker.terminate();
    this.failAll();
  }

  private ask(what: Omit<Ask, "id"> & { from?: number }): Promise<unknown> {
    const id = this.next;
    this.next += 1;
    return new Promise((done, fail) => {
      this.waiting.set(id, { done, fail });
      this.workers[id % this.workers.length]?.postMessage({ id, ...what });
    });
  }

  private take(event: MessageEvent<{ id: number; result?: unknown; failed?: true }>): void {
    const { id, result, failed } = event.data;
    const one = this.waiting.get(id);
    this.waiting.delete(id);
    if (failed) one?.fail(new Unreadable());
    else one?.done(result);
  }

  private failAll(): void {
    for (const one of this.waiting.values()) one.fail(new Unreadable());
    this.waiting.clear();
  }
}

/** Runs an act over many things, a few at a time, so that a page with 10,000 files stays awake. */
export async function overAll<T, R>(
  things: readonly T[],
  act: (thing: T, index: number) => Promise<R>,
  lanes = 8,
): Promise<R[]> {
  const results = new Array<R>(things.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < things.length) {
      const index = next;
      next += 1;
      results[index] = await act(things[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, things.length) }, lane));
  return results;
}
