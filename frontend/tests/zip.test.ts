import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { head, MemberLies, opened, read } from "../src/upload/inflating";
import { openZips } from "../src/upload/picking";
import { sourceOf } from "../src/upload/source";
import { membersOf, ZipOdd, ZipRefused } from "../src/upload/zip";

const LIMITS = { files: 10_000, bytes: 5 * 1024 ** 3, ratio: 200 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const noise = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 2654435761) >>> 13);
const blob = (content: Uint8Array): Blob => new Blob([content as Uint8Array<ArrayBuffer>]);
const text = async (one: Blob): Promise<string> => new TextDecoder().decode(await read(one));

test("members are listed from the directory and opened one by one", async () => {
  const content = noise(200_000);
  const zip = zipSync({ "CT/1.dcm": content, "CT/2.dcm": [bytes("stored"), { level: 0 }], "CT/": bytes("") });
  const members = await membersOf(blob(zip), "scan.zip", LIMITS);
  expect(members.map(({ path, size, method }) => [path, size, method])).toEqual([
    ["scan.zip/CT/1.dcm", 200_000, 8],
    ["scan.zip/CT/2.dcm", 6, 0],
  ]);
  expect(await read(await opened(members[0]!))).toEqual(content);
  expect(await text(await opened(members[1]!))).toBe("stored");
  expect(await head(members[0]!, 100)).toEqual(content.slice(0, 100));
});

test("a member that is longer than the directory says is not believed", async () => {
  const zip = zipSync({ a: bytes("a".repeat(5000)) });
  const [member] = await membersOf(blob(zip), "z.zip", LIMITS);
  await expect(opened({ ...member!, size: 4999 })).rejects.toThrow(MemberLies);
  await expect(opened({ ...member!, size: 5001 })).rejects.toThrow(MemberLies);
});

test("an archive that grows too much is refused before it is opened", async () => {
  const zip = zipSync({ bomb: new Uint8Array(30_000_000) }, { level: 9 });
  await expect(membersOf(blob(zip), "z.zip", LIMITS)).rejects.toMatchObject({ code: "archive_ratio" });
});

test("too many files and too many bytes are refused by the limits of a submission", async () => {
  const zip = zipSync({ a: bytes("aaa"), b: bytes("bbb"), c: bytes("ccc") });
  const refused = (limits: typeof LIMITS): Promise<unknown> => membersOf(blob(zip), "z.zip", limits).catch((e) => e);
  expect(await refused({ ...LIMITS, files: 2 })).toMatchObject({ code: "too_many_files" });
  expect(await refused({ ...LIMITS, bytes: 8 })).toMatchObject({ code: "too_many_bytes" });
});

test("a protected archive is refused in words, an odd one goes to the server whole", async () => {
  const zip = zipSync({ a: bytes("secret") });
  const central = zip.findIndex((_, i) => zip[i] === 0x50 && zip[i + 1] === 0x4b && zip[i + 2] === 1 && zip[i + 3] === 2);
  const encrypted = zip.slice();
  encrypted[central + 8] = 1;
  await expect(membersOf(blob(encrypted), "z.zip", LIMITS)).rejects.toMatchObject({ code: "archive_encrypted" });
  const odd = zip.slice();
  odd[central + 10] = 14; // LZMA
  await expect(membersOf(blob(odd), "z.zip", LIMITS)).rejects.toThrow(ZipOdd);
  await expect(membersOf(blob(zip.slice(0, -30)), "z.zip", LIMITS)).rejects.toThrow(ZipRefused);
});

test("zips among the chosen files are opened in their place", async () => {
  const inside = zipSync({ "1.dcm": bytes("one"), "__MACOSX/._1.dcm": bytes("x"), "Thumbs.db": bytes("x") });
  const zip = sourceOf(new File([inside as Uint8Array<ArrayBuffer>], "scan.zip"), "disk/scan.zip");
  const plain = sourceOf(new File(["two"], "2.dcm"), "disk/2.dcm");
  const broken = sourceOf(new File([inside.slice(0, -30) as Uint8Array<ArrayBuffer>], "b.zip"), "disk/b.zip");
  const picked = await openZips([plain, zip, broken], { files: 10, bytes: 1000 });
  expect(picked.sources.map(({ path }) => path)).toEqual(["disk/2.dcm", "disk/scan.zip/1.dcm"]);
  expect(picked.unopened.map(({ code }) => code)).toEqual(["archive_broken"]);
});
