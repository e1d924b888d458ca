import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { SecondReading } from "../src/sitedeid/check";
import type { Counts } from "../src/sitedeid/elements";
import { type Element, LONG_VRS, Reader } from "../src/sitedeid/encoding";
import { Rules, type SitePlan } from "../src/sitedeid/plan";
import { SiteSession } from "../src/sitedeid/session";
import { latin1 } from "../src/sitedeid/text";
import { TokenCollector, Tokens } from "../src/sitedeid/tokens";
import { encode, encodeItems, joined, utf8 } from "../src/sitedeid/writing";

// The same files that the server's engine is tested with (tests/imaging/sitedeid/test_vectors.py).
const ROOT = resolve(import.meta.dirname, "../..");
const VECTORS = join(ROOT, "tests/imaging/sitedeid/vectors");

type Value = string | { hex: string } | { begins: string } | Row[][];
type Row = [string, string, Value];
type Shown = Record<string, [string, unknown]>;
interface Case {
  title: string;
  base?: string;
  syntax?: string;
  preamble?: string;
  trailing?: string;
  input: Row[];
  expected?: Shown;
  outcome?: { site: string };
}

function json<T>(name: string): T {
  return JSON.parse(readFileSync(join(VECTORS, name), "utf-8")) as T;
}

const common = json<{ bases: Record<string, { input: Row[]; expected: Shown }>; written: Shown }>("common.json");
const files = readdirSync(VECTORS).filter((name) => name.endsWith(".json") && !["common.json", "holds.json"].includes(name));

let plan: SitePlan;

beforeAll(() => {
  const command = ["-m", "tests.imaging.sitedeid.reference", "plan"];
  plan = JSON.parse(execFileSync("python", command, { cwd: ROOT, maxBuffer: 1 << 26, encoding: "utf-8" }));
}, 60_000);

const unhex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");

function element([tag, vr, value]: Row, explicit: boolean): Uint8Array {
  const number = Number.parseInt(tag, 16);
  if (Array.isArray(value)) {
    const items = value.map((item) => joined(item.map((row) => element(row, explicit))));
    return encodeItems(number, items, explicit);
  }
  const raw = typeof value === "string" ? utf8(value) : unhex("hex" in value ? value.hex : "");
  return encode(number, vr, raw, explicit);
}

function written(one: Case): Uint8Array {
  const syntax = one.syntax ?? "1.2.840.10008.1.2.1";
  const named = new Set(one.input.map(([tag]) => tag));
  const base = common.bases[one.base ?? "ct"]?.input ?? [];
  const rows = [...base.filter(([tag]) => !named.has(tag)), ...one.input];
  rows.sort(([a], [b]) => Number.parseInt(a, 16) - Number.parseInt(b, 16));
  const meta = encode(0x00020010, "UI", utf8(syntax), true);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, meta.length, true);
  const preamble = new Uint8Array(128);
  preamble.set(unhex(one.preamble ?? ""));
  const body = rows.map((row) => element(row, syntax !== "1.2.840.10008.1.2"));
  const head = [preamble, utf8("DICM"), encode(0x00020000, "UL", length, true), meta];
  return joined([...head, ...body, unhex(one.trailing ?? "")]);
}

const BINARY = new Set([...LONG_VRS, ..."US SS UL SL FL FD AT".split(" ")].filter((vr) => !["UC", "UR", "UT"].includes(vr)));

function readBack(data: Uint8Array): Shown {
  const reader = new Reader(new Rules(plan));
  const file = reader.open(data);
  const shown = (elements: Element[]): Shown =>
    Object.fromEntries(
      elements.map((one) => {
        const tag = one.tag.toString(16).padStart(8, "0");
        if (one.vr === "SQ") {
          const spans = reader.items(file.bytes, one, file.explicit, 1);
          return [tag, ["SQ", spans.map(([s, e]) => shown(reader.index(file.bytes, s, e, file.explicit, 1)))]];
        }
        const raw = file.bytes.slice(one.value, one.valueEnd);
        const text = new TextDecoder().decode(raw).replace(/^[\0 ]+|[\0 ]+$/g, "");
        return [tag, [one.vr, BINARY.has(one.vr) ? { hex: hex(raw) } : text]];
      }),
    );
  return shown(reader.indexFile(file).elements);
}

async function cleaned(data: Uint8Array): Promise<{ code: string; data: Uint8Array }> {
  const session = await SiteSession.begin(plan);
  const looked = await session.look(data);
  if (looked.code) return { code: looked.code, data: new Uint8Array() };
  const { code, cleaned: made } = await session.clean(data);
  return { code, data: made ? joined([made.head, made.pixels, made.tail]) : new Uint8Array() };
}

for (const name of files) {
  describe(name.replace(".json", ""), () => {
    for (const one of json<Case[]>(name).filter((each) => each.expected)) {
      test(one.title, async () => {
        const result = await cleaned(written(one));
        expect(result.code).toBe("");
        const found = readBack(result.data);
        const method = found["00120063"]?.[1];
        const begins = common.written["00120063"]?.[1] as { begins: string };
        expect(String(method).startsWith(begins.begins)).toBe(true);
        const expected: Shown = {
          ...common.bases[one.base ?? "ct"]?.expected,
          ...common.written,
          ...one.expected,
          "00120063": ["LO", method],
        };
        expect(found).toEqual(expected);
        expect(result.data.slice(0, 128)).toEqual(new Uint8Array(128));
        expect(latin1(result.data)).not.toMatch(/Doe|Jane/);
      });
    }
  });
}

describe("what the browser cannot decide", () => {
  for (const one of json<Case[]>("holds.json")) {
    test(`${one.title}: ${one.outcome?.site || "is sent"}`, async () => {
      const session = await SiteSession.begin({ ...plan, unjudged: "not_sent" });
      expect((await session.look(written(one))).code).toBe(one.outcome?.site);
    });
  }

  test("is sent when the study says that the server holds it", async () => {
    const capture = json<Case[]>("holds.json").find((one) => one.outcome?.site === "always_looked_at") as Case;
    expect((await cleaned(written(capture))).code).toBe("");
  });

  test("what is no image is not sent", async () => {
    const session = await SiteSession.begin(plan);
    for (const [data, code] of [
      [new Uint8Array(), "empty_file"],
      [utf8("a letter about Jane Doe, as long as a header would be"), "not_dicom"],
    ] as const) {
      expect((await session.look(data)).code).toBe(code);
    }
  });

  test("two persons are told apart by a keyed hash that does not hold the number", async () => {
    const session = await SiteSession.begin(plan);
    const of = (id: string): Uint8Array => written({ title: "", input: [["00100020", "LO", id]] });
    const [one, other] = [await session.look(of("MRN-1")), await session.look(of("MRN-2"))];
    expect(one.patient).not.toBe(other.patient);
    expect(one.patient).toMatch(/^[0-9a-f]{64}$/);
    expect((await session.look(of("MRN-1"))).patient).toBe(one.patient);
  });
});

describe("the second reading", () => {
  test("finds a name that the engine would have left", async () => {
    const rules = new Rules(plan);
    const collector = new TokenCollector(rules, new Reader(rules));
    collector.tokens.people.add("kowalczyk");
    const left = written({ title: "", input: [["00081030", "LO", "CT Kowalczyk"], ["00120062", "CS", "YES"], ["00100010", "PN", ""]] });
    const none = new Uint8Array();
    const cleanedFile = { head: none, pixels: none, tail: none, readable: left, counts: {} as Counts };
    expect(new SecondReading(rules, collector.tokens, new Set()).check(cleanedFile)).toBe("identity_left");
    const sop = new Set(["1.2.3.10.1.7"]);
    expect(new SecondReading(rules, new Tokens(), sop).check(cleanedFile)).toBe("uid_map_broken");
  });
});
