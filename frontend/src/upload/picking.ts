import { type Source, sourceOf } from "./source";
import { membersOf, type ZipLimits, ZipOdd, ZipRefused } from "./zip";

/** A zip that is not opened here: whole to the server, or not at all with its reason. */
export interface Unopened {
  source: Source;
  /** Reason code, or "" when the server will open it. */
  code: string;
}

export interface Picked {
  sources: Source[];
  unopened: Unopened[];
}

const NOISE = new Set(["thumbs.db", "desktop.ini", ".ds_store"]);
const RATIO = 200;

/** Left-overs of file managers are not images and are not sent. */
export function isNoise(path: string): boolean {
  const name = path.split("/").at(-1) ?? "";
  return NOISE.has(name.toLowerCase()) || name.startsWith("._") || path.includes("__MACOSX/");
}

const AT_ONCE = 200;

/** The chosen files; a browser asks the disk for every size, so the page breathes in between. */
export async function fromInput(chosen: readonly File[]): Promise<Source[]> {
  const sources: Source[] = [];
  for (const [index, file] of chosen.entries()) {
    const path = file.webkitRelativePath || file.name;
    if (!isNoise(path)) sources.push(sourceOf(file, path));
    if (index % AT_ONCE === AT_ONCE - 1) await new Promise((later) => setTimeout(later));
  }
  return sources;
}

async function entriesOf(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  for (;;) {
    // The reader hands out at most 100 entries a call and ends with none.
    const some = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return all;
    all.push(...some);
  }
}

async function walk(entry: FileSystemEntry): Promise<Source[]> {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    return isNoise(path) ? [] : [sourceOf(file, path)];
  }
  const inside = await entriesOf((entry as FileSystemDirectoryEntry).createReader());
  return (await Promise.all(inside.map(walk))).flat();
}

/** Files and whole folders that were dragged here. */
export async function fromDrop(transfer: DataTransfer): Promise<Source[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  return (await Promise.all(entries.filter((entry) => entry !== null).map(walk))).flat();
}

/** Puts the members of every zip in its place; zips that are odd stay whole. */
export async function openZips(chosen: readonly Source[], limits: Omit<ZipLimits, "ratio">): Promise<Picked> {
  const picked: Picked = { sources: [], unopened: [] };
  for (const source of chosen) {
    if (!(await isZip(source))) {
      picked.sources.push(source);
      continue;
    }
    try {
      const members = await membersOf(source.blob, source.path, { ...limits, ratio: RATIO });
      // Not one by one: spreading 10,000 arguments is more than some browsers take.
      picked.sources = picked.sources.concat(members.filter(({ path }) => !isNoise(path)));
    } catch (error) {
      if (error instanceof ZipOdd) picked.unopened.push({ source, code: "" });
      else if (error instanceof ZipRefused) picked.unopened.push({ source, code: error.code });
      else throw error;
    }
  }
  return picked;
}

async function isZip(source: Source): Promise<boolean> {
  if (!/\.zip$/i.test(source.path) || source.size < 22) return false;
  const bytes = new Uint8Array(await source.blob.slice(0, 4).arrayBuffer());
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}
