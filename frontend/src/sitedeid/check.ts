import { data, log, type ReadDataSet } from "dcmjs";
import { CODE_TAGS, PRODUCT_TAGS } from "./elements";
import type { Cleaned } from "./engine";
import type { Rules } from "./plan";
import type { Tokens } from "./tokens";
import { trimmed } from "./values";

log.setLevel("silent");

const SUBJECT_NAME = "00100010";
const NUMBERS = new Set(["DA", "DT", "TM", "FD", "FL", "US", "SS", "UL", "SL", "AT", "UV", "SV"]);

/** What a second reading of a cleaned file found: a reason code of the server, or nothing. */
export type Verdict = "" | "identity_left" | "uid_map_broken" | "not_readable_after";

/**
 * Reads each cleaned file again with dcmjs, which shares nothing with the engine, and looks for
 * what must not be there. The server does the same once more.
 */
export class SecondReading {
  constructor(
    private readonly rules: Rules,
    private readonly tokens: Tokens,
    private readonly originals: ReadonlySet<string>,
  ) {}

  check(cleaned: Cleaned): Verdict {
    let read: { meta: ReadDataSet; dict: ReadDataSet };
    try {
      const copy = cleaned.readable.slice();
      read = data.DicomMessage.readFile(copy.buffer as ArrayBuffer);
    } catch {
      return "not_readable_after";
    }
    if (valuesOf(read.dict["00120062"]).join() !== "YES") return "not_readable_after";
    return this.dataSet(read.meta) || this.dataSet(read.dict);
  }

  private dataSet(set: ReadDataSet): Verdict {
    for (const [tag, element] of Object.entries(set)) {
      for (const value of element.Value ?? []) {
        const found = this.value(tag, element.vr, value);
        if (found) return found;
      }
    }
    return "";
  }

  private value(tag: string, vr: string, value: unknown): Verdict {
    if (vr === "SQ") return isDataSet(value) ? this.dataSet(value) : "";
    if (NUMBERS.has(vr)) return "";
    const texts = textsOf(value).map(trimmed);
    if (vr === "UI") return this.uids(tag, texts);
    if (vr === "PN" && tag === SUBJECT_NAME) {
      return texts.every((text) => text === this.rules.plan.subject.subject_id) ? "" : "identity_left";
    }
    if (vr === "DS" || vr === "IS") {
      const isInstanceNumber = tag === "00200013";
      const hit = texts.some((text) => text.length > 5 && this.tokens.numbers.has(text));
      return hit && !isInstanceNumber ? "identity_left" : "";
    }
    // Short and joined names are looked for in text alone: bytes hold such letters by chance.
    const isText = typeof value === "string";
    const tokens = PRODUCT_TAGS.has(Number.parseInt(tag, 16)) ? this.tokens.besideProducts : this.tokens;
    // Four digits are a code or an hour there.
    const isOther = CODE_TAGS.has(Number.parseInt(tag, 16)) || ["DA", "DT", "TM"].includes(vr);
    const isLeft = texts.some(
      (text) =>
        tokens.hit(text) ||
        (isText && (tokens.named(text) || (!isOther && tokens.numbered(text)))) ||
        tokens.disguised(text).length > 0,
    );
    return isLeft ? "identity_left" : "";
  }

  private uids(tag: string, uids: string[]): Verdict {
    const number = Number.parseInt(tag, 16);
    if (this.rules.actions.get(number) === "keep" || number < 0x00080000) return "";
    const left = uids.some((uid) => this.originals.has(uid) && !this.rules.assigned.has(uid));
    return left ? "uid_map_broken" : "";
  }
}

function isDataSet(value: unknown): value is ReadDataSet {
  return typeof value === "object" && value !== null;
}

function valuesOf(element: { Value?: unknown[] } | undefined): string[] {
  return (element?.Value ?? []).map(String);
}

function textsOf(value: unknown): string[] {
  if (typeof value === "string") return value.split("\\");
  if (typeof value === "number") return [String(value)];
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : new Uint8Array(value.buffer);
    return new TextDecoder("latin1").decode(bytes).match(/[\x20-\x7e]{5,}/g) ?? [];
  }
  // A person's name comes as its component groups.
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(textsOf);
  return [];
}
