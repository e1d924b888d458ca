const LONG = new Set("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" "));
const PADDED_WITH_ZERO = new Set(["UI", "OB", "UN"]);

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Bytes of ASCII or UTF-8 text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** One element with a defined length; odd values are padded as PS3.5 6.2 says. */
export function encode(tag: number, vr: string, value: Uint8Array, explicit: boolean): Uint8Array {
  const odd = value.length % 2;
  const size = value.length + odd;
  const asUnknown = explicit && !LONG.has(vr) && size > 0xffff;
  const long = explicit && (LONG.has(vr) || asUnknown);
  const head = encodeHead(tag, asUnknown ? "UN" : vr, size, explicit, long);
  const out = new Uint8Array(head.length + size);
  out.set(head);
  out.set(value, head.length);
  if (odd) out[out.length - 1] = PADDED_WITH_ZERO.has(vr) ? 0 : 0x20;
  return out;
}

/** Tag, VR and length of an element whose value is written elsewhere, in the long form. */
export function encodeHeader(tag: number, vr: string, length: number, explicit: boolean): Uint8Array {
  return encodeHead(tag, vr, length, explicit, true);
}

function encodeHead(tag: number, vr: string, length: number, explicit: boolean, long: boolean): Uint8Array {
  const out = new Uint8Array(explicit && long ? 12 : 8);
  const view = new DataView(out.buffer);
  view.setUint16(0, Math.floor(tag / 0x10000), true);
  view.setUint16(2, tag % 0x10000, true);
  if (!explicit) view.setUint32(4, length, true);
  else {
    out[4] = vr.charCodeAt(0);
    out[5] = vr.charCodeAt(1);
    if (long) view.setUint32(8, length, true);
    else view.setUint16(6, length, true);
  }
  return out;
}

/** A sequence with defined lengths from the bytes of its items. */
export function encodeItems(tag: number, contents: readonly Uint8Array[], explicit: boolean): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const content of contents) {
    const head = new Uint8Array(8);
    const view = new DataView(head.buffer);
    view.setUint16(0, 0xfffe, true);
    view.setUint16(2, 0xe000, true);
    view.setUint32(4, content.length, true);
    parts.push(head, content);
  }
  return encode(tag, "SQ", joined(parts), explicit);
}
