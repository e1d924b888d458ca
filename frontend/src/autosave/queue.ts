/** A value of a form field: one text, or several for boxes of the same name. */
export type Value = string | readonly string[];
export type Values = Record<string, Value>;

export type Answer =
  | { kind: "saved"; version: string; savedAt: Date }
  | { kind: "conflict"; version: string; theirs: Values; fixed?: boolean }
  | { kind: "refused"; message: string }
  | { kind: "expired" }
  | { kind: "offline" };

export type State =
  | { kind: "idle" }
  | { kind: "saving" }
  | { kind: "saved"; at: Date }
  | { kind: "offline"; kept: number }
  | { kind: "conflict"; theirs: Values; mine: Values; fixed?: boolean }
  | { kind: "expired"; kept: number }
  | { kind: "refused"; message: string };

/** What a page kept when it went away: the values, and the version that they were typed on. */
export interface Kept {
  version: string;
  values: Values;
}

function same(one: Value | undefined, other: Value | undefined): boolean {
  return JSON.stringify([one ?? ""].flat()) === JSON.stringify([other ?? ""].flat());
}

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
 * lost connection, an ended session or a refusal the values stay in `pending`.
 */
export class SaveQueue {
  readonly pending: Values = {};
  private state: State = { kind: "idle" };
  private busy = false;
  private sending: Values = {};
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

  /** Everything that the server has not confirmed, with the version it was typed on. */
  get unsaved(): Kept {
    return { version: this.version, values: { ...this.sending, ...this.pending } };
  }

  /** Takes up what an earlier page kept, on the version that it was typed on. */
  takeUp(kept: Kept): void {
    if (!Object.keys(kept.values).length) return;
    this.version = kept.version;
    for (const [name, value] of Object.entries(kept.values)) this.change(name, value);
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
    if (this.state.kind === "conflict" || this.state.kind === "expired") return;
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
    this.sending = sent;
    for (const name of Object.keys(sent)) delete this.pending[name];
    this.oldest = null;
    this.set({ kind: "saving" });
    const answer = await this.send(sent, this.version);
    this.busy = false;
    this.sending = {};
    this.take(answer, sent);
  }

  private take(given: Answer, sent: Values): void {
    const answer = this.settled(given, sent);
    if (answer.kind === "saved") {
      this.version = answer.version;
      if (this.waiting) return this.plan(this.rules.quietMs);
      return this.set({ kind: "saved", at: answer.savedAt });
    }
    for (const [name, value] of Object.entries(sent)) this.pending[name] ??= value;
    if (answer.kind === "conflict") {
      this.version = answer.version;
      const both = { theirs: answer.theirs, mine: { ...this.pending } };
      return this.set({ kind: "conflict", ...both, ...(answer.fixed ? { fixed: true } : {}) });
    }
    if (answer.kind === "refused") return this.set(answer);
    if (answer.kind === "expired") return this.set({ kind: "expired", kept: this.waiting });
    this.set({ kind: "offline", kept: this.waiting });
    this.plan(this.rules.retryMs);
  }

  /** A conflict in which the server holds just what was sent is a save whose answer was lost. */
  private settled(answer: Answer, sent: Values): Answer {
    if (answer.kind !== "conflict") return answer;
    const { theirs, version } = answer;
    const isSame = Object.keys(sent).every((name) => name in theirs && same(sent[name], theirs[name]));
    return isSame ? { kind: "saved", version, savedAt: new Date(this.clock.now()) } : answer;
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
