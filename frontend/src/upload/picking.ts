/** A chosen file with its path inside the chosen folder. */
export interface Picked {
  path: string;
  file: File;
}

const NOISE = new Set(["thumbs.db", "desktop.ini", ".ds_store"]);

/** Left-overs of file managers are not images and are not sent. */
export function isNoise(path: string): boolean {
  const name = path.split("/").at(-1) ?? "";
  return NOISE.has(name.toLowerCase()) || name.startsWith("._") || path.startsWith("__MACOSX/");
}

export function fromInput(input: HTMLInputElement): Picked[] {
  return [...(input.files ?? [])]
    .map((file) => ({ path: file.webkitRelativePath || file.name, file }))
    .filter(({ path }) => !isNoise(path));
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

async function walk(entry: FileSystemEntry): Promise<Picked[]> {
  const path = entry.fullPath.replace(/^\//, "");
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    return isNoise(path) ? [] : [{ path, file }];
  }
  const inside = await entriesOf((entry as FileSystemDirectoryEntry).createReader());
  return (await Promise.all(inside.map(walk))).flat();
}

/** Files and whole folders that were dragged here. */
export async function fromDrop(transfer: DataTransfer): Promise<Picked[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry());
  return (await Promise.all(entries.filter((entry) => entry !== null).map(walk))).flat();
}
