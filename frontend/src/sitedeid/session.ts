import { SecondReading } from "./check";
import { Malformed, Reader } from "./encoding";
import { type Cleaned, Cleaner } from "./engine";
import { type Opened, openFile } from "./facts";
import { whyNotSent } from "./holds";
import { KeyedUids } from "./keyed";
import { Rules, type SitePlan } from "./plan";
import { TokenCollector } from "./tokens";

const DICOMDIR_CLASS = "1.2.840.10008.1.3.10";

/** What the first look at a file gave: whether it goes on, else the reason code. */
export interface Looked {
  code: string;
  /** Keyed hash of the patient's identity in the file; tells one person from two. */
  patient: string;
}

/** What cleaning a file gave: the file, or the reason code why it is not sent. */
export interface Result {
  code: string;
  cleaned?: Cleaned;
}

/**
 * One upload: every file is looked at before the first one is cleaned, because a name in one file
 * is identity in the free text of another.
 */
export class SiteSession {
  private readonly reader: Reader;
  private readonly collector: TokenCollector;
  private cleaner: Cleaner | null = null;
  private reading: SecondReading | null = null;

  private constructor(
    private readonly rules: Rules,
    private readonly uids: KeyedUids,
  ) {
    this.reader = new Reader(rules);
    this.collector = new TokenCollector(rules, this.reader);
  }

  static async begin(plan: SitePlan): Promise<SiteSession> {
    return new SiteSession(new Rules(plan), await KeyedUids.from(plan.key));
  }

  /** Looks at a file: collects its identity, and says whether it can be sent at all. */
  async look(data: Uint8Array): Promise<Looked> {
    if (data.length && isDirectory(data)) return { code: "dicomdir", patient: "" };
    try {
      const opened = openFile(data, this.rules, this.reader);
      const { bytes, explicit } = opened.file;
      this.collector.add(bytes, opened.elements, explicit);
      this.cleaner = null;
      const patient = await this.uids.hashed("patient", opened.patientId);
      return { code: this.held(opened), patient };
    } catch (problem) {
      if (problem instanceof Malformed) return { code: problem.code, patient: "" };
      if (problem instanceof RangeError) return { code: "truncated_header", patient: "" };
      throw problem;
    }
  }

  /** Cleans a file after all were looked at, and reads the result again. */
  async clean(data: Uint8Array): Promise<Result> {
    try {
      const opened = openFile(data, this.rules, this.reader);
      const held = this.held(opened);
      if (held) return { code: held };
      const cleaned = await (await this.ready()).clean(opened);
      const code = this.reading?.check(cleaned) ?? "";
      return code ? { code } : { code: "", cleaned };
    } catch (problem) {
      if (problem instanceof Malformed) return { code: problem.code };
      throw problem;
    }
  }

  private held(opened: Opened): string {
    const code = whyNotSent(opened, this.rules.plan);
    return this.rules.plan.unjudged === "server_holds" ? "" : code;
  }

  private async ready(): Promise<Cleaner> {
    if (!this.cleaner) {
      const { tokens, uids } = this.collector;
      this.cleaner = new Cleaner(this.rules, this.reader, tokens, this.uids);
      this.reading = new SecondReading(this.rules, this.cleaner.tokens, uids);
      await this.uids.fill([...uids].filter((uid) => !this.rules.assigned.has(uid)));
    }
    return this.cleaner;
  }
}

/** A DICOMDIR names its class in the first bytes. */
function isDirectory(data: Uint8Array): boolean {
  const head = data.subarray(0, 2048);
  return new TextDecoder("latin1").decode(head).includes(DICOMDIR_CLASS);
}
