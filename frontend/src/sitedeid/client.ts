import type { SitePlan } from "./plan";
import type { Asked, CleanAnswer, LookAnswer } from "./worker";

interface Waiting {
  done: (result: unknown) => void;
  fail: (error: Error) => void;
}

type Ask = Asked extends infer One ? (One extends { id: number } ? Omit<One, "id"> : never) : never;

/** The engine in its worker. One worker holds the identity of one upload, in memory only. */
export class Engine {
  private readonly worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;

  constructor() {
    this.worker.addEventListener("message", (event) => this.take(event));
    this.worker.addEventListener("error", () => this.failAll());
  }

  async begin(plan: SitePlan): Promise<void> {
    await this.ask({ act: "begin", plan });
  }

  look(blob: Blob): Promise<LookAnswer> {
    return this.ask({ act: "look", blob }) as Promise<LookAnswer>;
  }

  clean(blob: Blob): Promise<CleanAnswer> {
    return this.ask({ act: "clean", blob }) as Promise<CleanAnswer>;
  }

  close(): void {
    this.worker.terminate();
    this.failAll();
  }

  private ask(what: Ask): Promise<unknown> {
    const id = this.next;
    this.next += 1;
    return new Promise((done, fail) => {
      this.waiting.set(id, { done, fail });
      this.worker.postMessage({ id, ...what });
    });
  }

  private take(event: MessageEvent<{ id: number; result?: unknown; failed?: true }>): void {
    const { id, result, failed } = event.data;
    const one = this.waiting.get(id);
    this.waiting.delete(id);
    if (failed) one?.fail(new Error("The file cannot be opened here"));
    else one?.done(result);
  }

  private failAll(): void {
    for (const one of this.waiting.values()) one.fail(new Error("The file cannot be opened here"));
    this.waiting.clear();
  }
}
