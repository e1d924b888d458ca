import { utf8 } from "./writing";

/** New UIDs by keyed hash (HMAC-SHA256, PS3.5 B.2): the key never leaves this object. */
export class KeyedUids {
  private readonly made = new Map<string, string>();
  readonly missing = new Set<string>();

  private constructor(private readonly key: CryptoKey) {}

  static async from(hex: string): Promise<KeyedUids> {
    const raw = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    const how = { name: "HMAC", hash: "SHA-256" };
    return new KeyedUids(await crypto.subtle.importKey("raw", raw, how, false, ["sign"]));
  }

  /** The new UID, or an empty text and a note that it must be made first (`fill`). */
  get(uid: string): string {
    const known = this.made.get(uid);
    if (known === undefined) this.missing.add(uid);
    return known ?? "";
  }

  /** Makes every UID of these, and every one that `get` was asked for in vain. */
  async fill(uids: Iterable<string> = []): Promise<void> {
    const wanted = [...new Set([...uids, ...this.missing])].filter((uid) => !this.made.has(uid));
    this.missing.clear();
    const bits = await Promise.all(wanted.map((uid) => this.sign(`uid\x1f${uid}`)));
    wanted.forEach((uid, i) => this.made.set(uid, numbered(bits[i] as Uint8Array)));
  }

  /** A keyed hash of identity, hexadecimal: tells whether two uploads are of one person. */
  async hashed(purpose: string, value: string): Promise<string> {
    const bits = await this.sign(`${purpose}\x1f${value}`);
    return [...bits].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  private async sign(message: string): Promise<Uint8Array> {
    const input = utf8(message) as Uint8Array<ArrayBuffer>;
    return new Uint8Array(await crypto.subtle.sign("HMAC", this.key, input));
  }
}

/** `2.25.` and the first 128 bits as a UUID of version 8 (RFC 9562). */
function numbered(mac: Uint8Array): string {
  const bits = mac.slice(0, 16);
  bits[6] = ((bits[6] as number) & 0x0f) | 0x80;
  bits[8] = ((bits[8] as number) & 0x3f) | 0x80;
  return `2.25.${bits.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)}`;
}
