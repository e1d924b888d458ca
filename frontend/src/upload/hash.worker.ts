import { Sha256 } from "./sha256";

const PIECE = 4 * 1024 * 1024;

/** Hashes one file and answers with `{id, sha256}`, or `{id, error}` when it cannot be read. */
async function hash(file: File): Promise<string> {
  if (file.size <= PIECE && "subtle" in crypto) {
    const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const sum = new Sha256();
  for (let at = 0; at < file.size; at += PIECE) {
    sum.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
  }
  return sum.hex();
}

self.addEventListener("message", (event: MessageEvent<{ id: number; file: File }>) => {
  const { id, file } = event.data;
  hash(file).then(
    (sha256) => self.postMessage({ id, sha256 }),
    () => self.postMessage({ id, error: `${file.name} cannot be read` }),
  );
});
