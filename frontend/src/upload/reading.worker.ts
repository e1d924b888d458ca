import { readHeader } from "./header";
import { opened, pieces } from "./inflating";
import { Sha256 } from "./sha256";
import type { Source } from "./source";

const AT_ONCE = 4 * 1024 * 1024;

export type Ask =
  | { id: number; act: "header" | "hash" | "open"; source: Source }
  | { id: number; act: "pixels"; source: Source; from: number };

async function hash(source: Source, from = 0): Promise<string> {
  if (!from && source.size <= AT_ONCE && "subtle" in crypto) {
    const digest = await crypto.subtle.digest("SHA-256", await (await opened(source)).arrayBuffer());
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const sum = new Sha256();
  let skip = from;
  await pieces(source, (piece) => {
    const rest = piece.subarray(Math.min(skip, piece.length));
    skip -= piece.length - rest.length;
    sum.update(rest);
  });
  return sum.hex();
}

function answer(ask: Ask): Promise<unknown> {
  if (ask.act === "header") return readHeader(ask.source);
  if (ask.act === "open") return opened(ask.source);
  return hash(ask.source, ask.act === "pixels" ? ask.from : 0);
}

self.addEventListener("message", (event: MessageEvent<Ask>) => {
  const { id } = event.data;
  answer(event.data).then(
    (result) => self.postMessage({ id, result }),
    () => self.postMessage({ id, failed: true }),
  );
});
