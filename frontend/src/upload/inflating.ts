import { Inflate } from "fflate";
import type { Source } from "./source";

const PIECE = 1024 * 1024;

/** A zip's member holds more or fewer bytes than the zip says. */
export class MemberLies extends Error {}

/** Calls `take` with the content piece by piece; `take` answers false when it has enough. */
export async function pieces(source: Source, take: (piece: Uint8Array) => boolean | void): Promise<void> {
  let wanted = true;
  if (source.method === 0) {
    for (let at = 0; at < source.blob.size && wanted; at += PIECE) {
      wanted = take(await read(source.blob.slice(at, at + PIECE))) !== false;
    }
    return;
  }
  let out = 0;
  const stream = new Inflate((piece) => {
    out += piece.length;
    if (out > source.size) throw new MemberLies(source.path);
    if (wanted && piece.length) wanted = take(piece) !== false;
  });
  for (let at = 0; at < source.blob.size && wanted; at += PIECE) {
    stream.push(await read(source.blob.slice(at, at + PIECE)), at + PIECE >= source.blob.size);
  }
  if (wanted && out !== source.size) throw new MemberLies(source.path);
}

export async function read(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer());
}

/** The first bytes of a content. */
export async function head(source: Source, size: number): Promise<Uint8Array> {
  if (source.method === 0) return read(source.blob.slice(0, size));
  const parts: Uint8Array[] = [];
  let held = 0;
  await pieces(source, (piece) => {
    parts.push(piece.slice());
    held += piece.length;
    return held < size;
  });
  return joined(parts, Math.min(held, size));
}

/** The whole content; of a plain file the file itself, without reading it. */
export async function opened(source: Source): Promise<Blob> {
  if (source.method === 0) return source.blob;
  const parts: BlobPart[] = [];
  await pieces(source, (piece) => {
    parts.push(piece.slice() as Uint8Array<ArrayBuffer>);
  });
  return new Blob(parts);
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    const fits = part.subarray(0, size - at);
    whole.set(fits, at);
    at += fits.length;
    if (at >= size) break;
  }
  return whole;
}
