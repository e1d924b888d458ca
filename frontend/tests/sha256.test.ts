import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { Sha256 } from "../src/upload/sha256";

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

// Examples of FIPS 180-4, published by NIST.
test.each([
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
])("hashes %j as the standard says", (words, digest) => {
  expect(new Sha256().update(text(words)).hex()).toBe(digest);
});

test("hashes a million letters a", () => {
  const sum = new Sha256();
  for (let i = 0; i < 1000; i += 1) sum.update(text("a".repeat(1000)));
  expect(sum.hex()).toBe("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
});

test("gives the same digest for any cut into pieces and every length around a block", () => {
  for (let length = 0; length < 140; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) % 256);
    const cut = Math.floor(length / 3);
    const pieces = new Sha256().update(bytes.subarray(0, cut)).update(bytes.subarray(cut)).hex();
    expect(pieces).toBe(createHash("sha256").update(bytes).digest("hex"));
  }
});
