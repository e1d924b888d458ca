import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { type Element, Reader } from "../src/sitedeid/encoding";
import { Rules, type SitePlan } from "../src/sitedeid/plan";
import { SiteSession } from "../src/sitedeid/session";
import { joined } from "../src/sitedeid/writing";

const ROOT = resolve(import.meta.dirname, "../..");
const CORPUS = process.env["ICRO_CORPUS"] ?? resolve(ROOT, "../shared/corpus");
const DEFLATED = "1.2.840.10008.1.2.1.99";
const FOLDERS = [
  "compressed", "nm", "odd", "overlay_waveform", "rt", "sc_burned_in", "seg", "series", "sr", "us",
];

interface Listed {
  path: string;
  out: string;
  code: string;
}

function python(...command: string[]): string {
  const all = ["-m", "tests.imaging.sitedeid.reference", ...command];
  return execFileSync("python", all, { cwd: ROOT, maxBuffer: 1 << 28, encoding: "utf-8", stdio: ["ignore", "pipe", "ignore"] });
}

/** Every top-level element of a file as `tag vr digest of bytes`, without the name of the engine. */
function elementsOf(data: Uint8Array, rules: Rules): Map<string, string> {
  const reader = new Reader(rules);
  const file = reader.open(data);
  const line = (one: Element): [string, string] => [
    one.tag.toString(16).padStart(8, "0"),
    `${one.vr} ${Buffer.from(file.bytes.slice(one.start, one.end)).toString("base64")}`,
  ];
  return new Map(reader.indexFile(file).elements.map(line));
}

const meta = (data: Uint8Array): string =>
  Buffer.from(data.subarray(0, 400)).toString("latin1").replace("ICRO_SITE_1", "ICRO_DEID_1");

/** Cleans every file of a folder with both engines; returns the differences and what was written. */
async function compared(source: string): Promise<{ differences: string[]; written: number }> {
  const plan = JSON.parse(python("plan")) as SitePlan;
  const rules = new Rules(plan);
  const out = mkdtempSync(join(tmpdir(), "site-"));
  const differences: string[] = [];
  let written = 0;
  try {
    for (const { path, out: target, code } of JSON.parse(python("corpus", source, out)) as Listed[]) {
      const name = relative(source, path);
      const session = await SiteSession.begin(plan);
      const input = new Uint8Array(readFileSync(path));
      const looked = await session.look(input);
      const result = looked.code ? { code: looked.code } : await session.clean(input);
      if (!result.cleaned || !target) {
        if (Boolean(result.cleaned) !== Boolean(target)) differences.push(`${name}: server ${code}, site ${result.code}`);
        continue;
      }
      written += 1;
      const { head, pixels, tail } = result.cleaned;
      const [ours, theirs] = [joined([head, pixels, tail]), new Uint8Array(readFileSync(target))];
      const [site, server] = [elementsOf(ours, rules), elementsOf(theirs, rules)];
      for (const tag of new Set([...site.keys(), ...server.keys()])) {
        if (site.get(tag) !== server.get(tag)) differences.push(`${name} ${tag}`);
      }
      if (!meta(theirs).includes(DEFLATED) && meta(ours) !== meta(theirs)) differences.push(`${name} meta`);
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
  return { differences, written };
}

// The one reason of tests/allowed_skips.txt: The corpus of real series is absent; give its folder as ICRO_CORPUS.
describe.skipIf(!existsSync(CORPUS))("real files of the corpus", () => {
  test.for(FOLDERS)("%s: both engines write the same elements, byte for byte", { timeout: 300_000 }, async (folder) => {
    const { differences, written } = await compared(join(CORPUS, folder));
    expect(differences).toEqual([]);
    expect(written).toBeGreaterThan(0);
  });
});

test("an upload full of planted identities: both engines write the same bytes", { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "planted-"));
  try {
    python("planted", folder);
    const { differences, written } = await compared(folder);
    expect(differences).toEqual([]);
    expect(written).toBeGreaterThan(90);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
