/** A value of a form field: one text, or several for boxes of the same name. */
export type Value = string | readonly string[];
export type Values = Record<string, Value>;

export type Answer =
  | { kind: "saved"; version: string; savedAt: Date }
  | { kind: "conflict"; version: string; theirs: Values }
  | { kind: "refused"; message: string }
  | { kind: "offline" };

export type State =
  | { kind: "idle" }
  | { kind: "saving" }
  | { kind: "saved"; at: Date }
  | { kind: "offline"; kept: number }
  | { kind: "conflict"; theirs: Values; mine: Values }
  | { kind: "refused"; message: string };

export interface Clock {
  now(): number;
  set(run: () => void, ms: number): number;
  clear(id: number): void;
}

export interface Rules {
  /** Quiet time after a keystroke before a save. */
  quietMs: number;
  /** Longest time that a change may wait, however fast somebody types. */
  longestMs: number;
  /** Pause before another try when the server could not be reached. */
  retryMs: number;
}

export const RULES: Rules = { quietMs: 900, longestMs: 10_000, retryMs: 5_000 };

/**
 * Collects changed fields and saves them one request at a time with the version they are based on.
 * A change made while a request is under way goes into the next one. Nothing is dropped: after a
 * lost connection or a refusal the values stay in `pending`.
 */
export class SaveQueue {
  readonly pending: Values = {};
  private state: State = { kind: "idle" };
  private busy = false;
  private timer: number | null = null;
  private oldest: number | null = null;

  constructor(
    private version: string,
    private readonly send: (values: Values, version: string) => Promise<Answer>,
    private readonly show: (state: State) => void,
    private readonly clock: Clock,
    private readonly rules: Rules = RULES,
  ) {}

  /** The version that the server holds as far as this page knows. */
  get known(): string {
    return this.version;
  }

  get isSaving(): boolean {
    return this.busy;
  }

  /** Gives up what waits, because the page itself is about to send everything. */
  drop(): void {
    this.stop();
    for (const name of Object.keys(this.pending)) delete this.pending[name];
    this.oldest = null;
  }

  get waiting(): number {
    return Object.keys(this.pending).length;
  }

  change(name: string, value: Value): void {
    this.pending[name] = value;
    this.oldest ??= this.clock.now();
    if (this.state.kind === "conflict") return;
    const left = Math.max(0, this.oldest + this.rules.longestMs - this.clock.now());
    this.plan(Math.min(this.rules.quietMs, left));
  }

  /** Ends a conflict: the person's values go on top of the other version, or are given up. */
  resolve(choice: "mine" | "theirs"): void {
    if (this.state.kind !== "conflict") return;
    if (choice === "theirs") for (const name of Object.keys(this.state.mine)) delete this.pending[name];
    this.set({ kind: "idle" });
    if (this.waiting) this.plan(0);
  }

  async flush(): Promise<void> {
    if (this.busy || !this.waiting || this.state.kind === "conflict") return;
    this.stop();
    this.busy = true;
    const sent = { ...this.pending };
    for (const name of Object.keys(sent)) delete this.pending[name];
    this.oldest = null;
    this.set({ kind: "saving" });
    const answer = await this.send(sent, this.version);
    this.busy = false;
    this.take(answer, sent);
  }

  private take(answer: Answer, sent: Values): void {
    if (answer.kind === "saved") {
      this.version = answer.version;
      if (this.waiting) return this.plan(this.rules.quietMs);
      return this.set({ kind: "saved", at: answer.savedAt });
    }
    for (const [name, value] of Object.entries(sent)) this.pending[name] ??= value;
    if (answer.kind === "conflict") {
      this.version = answer.version;
      return this.set({ kind: "conflict", theirs: answer.theirs, mine: { ...this.pending } });
    }
    if (answer.kind === "refused") return this.set(answer);
    this.set({ kind: "offline", kept: this.waiting });
    this.plan(this.rules.retryMs);
  }

  private plan(ms: number): void {
    this.stop();
    this.timer = this.clock.set(() => void this.flush(), ms);
  }

  private stop(): void {
    if (this.timer !== null) this.clock.clear(this.timer);
    this.timer = null;
  }

  private set(state: State): void {
    this.state = state;
    this.show(state);
  }
}
