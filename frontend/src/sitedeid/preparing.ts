import { NotSent, Refused } from "../upload/transfer";
import { count } from "../wording";
import { Engine } from "./client";
import type { SitePlan } from "./plan";

/** What the server hands out: the plan, and the words of every reason. */
export interface Handed extends SitePlan {
  sentences: Record<string, string>;
}

/** The account of one upload: what was cleaned, and which files stay, by reason. */
export interface Account {
  cleaned: number;
  notSent: Map<string, string[]>;
  patient: string;
}

/**
 * Removes identity from the files of one upload. All are looked at first; then each is cleaned when
 * it is hashed and again when it is sent, with the same result, so that nothing large is kept.
 */
export class SitePreparation {
  private engine: Engine | null = null;
  private handed: Handed | null = null;
  private readonly stays = new Map<string, string>();
  private readonly cleaned = new Set<string>();
  private patient = "";

  constructor(
    private readonly handOut: () => Promise<Handed>,
    private readonly show: (account: Account) => void,
  ) {}

  get plan(): Handed | null {
    return this.handed;
  }

  get account(): Account {
    const notSent = new Map<string, string[]>();
    for (const [name, code] of this.stays) notSent.set(code, [...(notSent.get(code) ?? []), name]);
    return { cleaned: this.cleaned.size, notSent, patient: this.patient };
  }

  /** Looks at every file of the choice; refuses two persons, and a choice of which nothing may go. */
  async look(
    files: readonly { name: string; open: () => Promise<Blob> }[],
    done: (number: number) => void,
  ): Promise<void> {
    this.stays.clear();
    this.cleaned.clear();
    this.engine?.close();
    this.handed ??= await this.handOut();
    this.engine = new Engine();
    await this.engine.begin(this.handed);
    const patients = new Set<string>();
    for (const [i, { name, open }] of files.entries()) {
      const { code, patient } = await this.lookAt(open);
      if (code) this.stays.set(name, code);
      else patients.add(patient);
      done(i + 1);
    }
    if (patients.size > 1) throw new Refused("These files are of more than one person. Choose the files of one person. Nothing was sent.");
    this.patient = [...patients][0] ?? "";
    this.show(this.account);
    if (files.length && this.stays.size === files.length) {
      throw new Refused(`None of these ${count(files.length)} files may leave this computer. Nothing was sent.`);
    }
  }

  private async lookAt(open: () => Promise<Blob>): Promise<{ code: string; patient: string }> {
    try {
      return await (this.engine as Engine).look(await open());
    } catch {
      return { code: "not_opened_here", patient: "" };
    }
  }

  /** The cleaned content of a file, or NotSent when it stays here. */
  async prepare(name: string, file: Blob): Promise<Blob> {
    const known = this.stays.get(name);
    if (known) throw new NotSent(known);
    const { code, blob } = await (this.engine as Engine).clean(file).catch(() => ({ code: "not_opened_here", blob: null }));
    if (!blob) {
      this.stays.set(name, code);
      this.show(this.account);
      throw new NotSent(code);
    }
    this.cleaned.add(name);
    return blob;
  }

  /** Shows and returns the account when all files were prepared. */
  finished(): Account {
    this.show(this.account);
    return this.account;
  }
}
