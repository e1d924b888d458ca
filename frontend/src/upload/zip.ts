import { read } from "./inflating";
import type { Source } from "./source";

// PKWARE APPNOTE.TXT 6.3: end record (4.3.16), central directory (4.3.12), local header (4.3.7).
const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 65_535;
const LARGEST_MEMBER = 512 * 1024 * 1024;
const ENCRYPTED = 0x1;
const UTF8 = 0x800;

/** The zip is not one that is opened here; it goes to the server as it is, which opens it. */
export class ZipOdd extends Error {}

/** The zip cannot be used at all; `code` is a reason code of the server. */
export class ZipRefused extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

export interface ZipLimits {
  files: number;
  bytes: number;
  /** Bytes unpacked for each byte of the zip. */
  ratio: number;
}

/**
 * The members of a zip, from its directory at the end: no content is read, and each member is opened
 * by itself when it is needed. Sizes that the directory states are checked again while unpacking.
 */
export async function membersOf(zip: Blob, path: string, limits: ZipLimits): Promise<Source[]> {
  const { count, size, offset } = await endOf(zip);
  if (offset + size > zip.size) throw new ZipRefused("archive_broken");
  const bytes = await read(zip.slice(offset, offset + size));
  const view = new DataView(bytes.buffer);
  const members: { name: string; method: number; packed: number; size: number; at: number }[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== CENTRAL) throw new ZipRefused("archive_broken");
    const flags = view.getUint16(at + 8, true);
    if (flags & ENCRYPTED) throw new ZipRefused("archive_encrypted");
    const [nameLength, extra, comment] = [28, 30, 32].map((o) => view.getUint16(at + o, true)) as [number, number, number];
    const coder = new TextDecoder(flags & UTF8 ? "utf-8" : "windows-1252");
    const member = {
      name: coder.decode(bytes.subarray(at + 46, at + 46 + nameLength)),
      method: view.getUint16(at + 10, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      at: view.getUint32(at + 42, true),
    };
    const isLink = ((view.getUint32(at + 38, true) >>> 16) & 0xf000) === 0xa000;
    at += 46 + nameLength + extra + comment;
    if (!member.name.endsWith("/") && !isLink) members.push(member);
  }
  judge(members, zip, limits);
  return Promise.all(members.map((member) => sourceOf(zip, path, member)));
}

function judge(
  members: readonly { method: number; packed: number; size: number; at: number }[],
  zip: Blob,
  limits: ZipLimits,
): void {
  if (members.length > limits.files) throw new ZipRefused("too_many_files");
  const total = members.reduce((sum, member) => sum + member.size, 0);
  if (total > limits.bytes) throw new ZipRefused("too_many_bytes");
  if (total > limits.ratio * Math.max(1, zip.size)) throw new ZipRefused("archive_ratio");
  for (const { method, packed, size, at } of members) {
    const large = [packed, size, at].includes(0xffffffff);
    if (large || (method !== 0 && method !== 8)) throw new ZipOdd();
    if (method === 8 && size > LARGEST_MEMBER) throw new ZipOdd();
  }
}

async function endOf(zip: Blob): Promise<{ count: number; size: number; offset: number }> {
  const start = Math.max(0, zip.size - END_BYTES - LONGEST_COMMENT);
  const bytes = await read(zip.slice(start));
  const view = new DataView(bytes.buffer);
  for (let at = bytes.length - END_BYTES; at >= 0; at -= 1) {
    if (view.getUint32(at, true) !== END) continue;
    const disks = view.getUint16(at + 4, true) + view.getUint16(at + 6, true);
    const count = view.getUint16(at + 10, true);
    const size = view.getUint32(at + 12, true);
    const offset = view.getUint32(at + 16, true);
    if (disks || count === 0xffff || size === 0xffffffff || offset === 0xffffffff) throw new ZipOdd();
    return { count, size, offset };
  }
  throw new ZipRefused("archive_broken");
}

async function sourceOf(
  zip: Blob,
  path: string,
  member: { name: string; method: number; packed: number; size: number; at: number },
): Promise<Source> {
  // The local header repeats name and extra field with lengths of its own.
  const bytes = await read(zip.slice(member.at, member.at + 30));
  const view = new DataView(bytes.buffer);
  if (bytes.length < 30 || view.getUint32(0, true) !== LOCAL) throw new ZipRefused("archive_broken");
  const begin = member.at + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (begin + member.packed > zip.size) throw new ZipRefused("archive_broken");
  return {
    path: `${path}/${member.name}`,
    size: member.size,
    blob: zip.slice(begin, begin + member.packed),
    method: member.method === 8 ? 8 : 0,
    inZip: true,
  };
}
