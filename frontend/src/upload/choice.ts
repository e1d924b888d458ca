import type { Unopened } from "./picking";
import { type Examined, type Finding, judged, type Result, seriesOf } from "./precheck";
import type { RuleSheet } from "./rules";
import { Sha256 } from "./sha256";
import type { Source } from "./source";
import { keyOf } from "./view";

/** A file that is to be sent, with what its header says unless it is a zip that the server opens. */
export interface Picked {
  source: Source;
  about: Examined | null;
}

/** What a person chose: the files, the ticked series, one subject of several, and what was explained. */
export class Choice {
  readonly files: Examined[] = [];
  readonly unopened: Unopened[] = [];
  result: Result | null = null;
  readonly explained = new Map<string, string>();
  private chosen: Set<string> | undefined;
  private readonly known = new Set<string>();
  private onlyPatient: string | null = null;

  /** `memory` is the name under which the browser remembers the ticked series. */
  constructor(private readonly memory: string) {}

  get isEmpty(): boolean {
    return !this.files.length && !this.unopened.length;
  }

  /** Those of some files that are not among the chosen ones yet. */
  fresh(sources: readonly Source[]): Source[] {
    const known = new Set(this.files.map(({ source }) => `${source.path}:${source.size}`));
    return sources.filter((source) => !known.has(`${source.path}:${source.size}`));
  }

  add(files: readonly Examined[], unopened: readonly Unopened[]): void {
    this.files.push(...files);
    this.unopened.push(...unopened);
  }

  /** Compares the chosen files with the rules of the visit. */
  judge(rules: RuleSheet): Result {
    const mine = this.files.filter((one) => one.header.code || !this.isLeftOut(one));
    const remembered = this.chosen ? undefined : this.remembered();
    this.chosen ??= new Set(remembered);
    const series = seriesOf(mine, rules);
    for (const line of series) {
      // A series that was not here before is ticked when the visit asks for it.
      if (!this.known.has(line.key) && !remembered && line.isChosen) this.chosen.add(line.key);
      this.known.add(line.key);
    }
    for (const line of series) line.isChosen = this.chosen.has(line.key);
    this.result = judged(series, mine, rules);
    return this.result;
  }

  tick(series: string, on: boolean): void {
    if (on) this.chosen?.add(series);
    else this.chosen?.delete(series);
    this.remember();
  }

  /** Leaves the files of every other subject out; null takes them back. */
  keepPatient(key: string | null): void {
    this.onlyPatient = key;
  }

  /** How many files are left out because they belong to somebody else. */
  get othersLeftOut(): number {
    return this.files.filter((one) => !one.header.code && this.isLeftOut(one)).length;
  }

  private isLeftOut(one: Examined): boolean {
    return this.onlyPatient !== null && one.header.patient !== this.onlyPatient;
  }

  explain(finding: Finding, text: string): void {
    this.explained.set(keyOf(finding), text);
  }

  /** How many errors are neither mended nor explained. */
  get errorsLeft(): number {
    const found = this.result?.findings ?? [];
    return found.filter((one) => one.level === "error" && !this.explained.has(keyOf(one))).length;
  }

  /** The zips that are sent as they are. */
  get whole(): Source[] {
    return this.unopened.filter((one) => !one.code).map(({ source }) => source);
  }

  /** What goes: the files of the ticked series, or all when nothing was judged, and whole zips. */
  toSend(): Picked[] {
    const files = this.result
      ? this.result.series.filter((line) => line.isChosen).flatMap((line) => line.files)
      : this.files;
    const whole = this.whole.map((source) => ({ source, about: null }));
    return [...files.map((about) => ({ source: about.source, about })), ...whole];
  }

  private remember(): void {
    const kept = [...(this.chosen ?? [])].map(shortHash);
    try {
      localStorage.setItem(this.memory, JSON.stringify(kept));
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }

  /** The series that were ticked before the browser was closed, if all of them are here again. */
  private remembered(): Set<string> | undefined {
    let kept: string[];
    try {
      kept = JSON.parse(localStorage.getItem(this.memory) ?? "[]") as string[];
    } catch {
      return undefined;
    }
    const keys = new Set(this.files.map((one) => one.header.series).filter(Boolean));
    const found = [...keys].filter((key) => kept.includes(shortHash(key)));
    return kept.length && found.length === kept.length ? new Set(found) : undefined;
  }

  forget(): void {
    try {
      localStorage.removeItem(this.memory);
    } catch {
      // Nothing was kept.
    }
  }
}

function shortHash(text: string): string {
  return new Sha256().update(new TextEncoder().encode(text)).hex().slice(0, 16);
}
