import type { SitePlan } from "./plan";
import { SiteSession } from "./session";

/** What the page asks: to begin with a plan, to look at a file, to clean one. */
export type Asked =
  | { id: number; act: "begin"; plan: SitePlan }
  | { id: number; act: "look"; blob: Blob }
  | { id: number; act: "clean"; blob: Blob };

export interface LookAnswer {
  code: string;
  patient: string;
}

export interface CleanAnswer {
  code: string;
  blob: Blob | null;
}

let session: SiteSession | null = null;

function begun(): SiteSession {
  if (!session) throw new Error("No plan was given");
  return session;
}

async function bytesOf(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await blob.arrayBuffer());
}

async function clean(blob: Blob): Promise<CleanAnswer> {
  const data = await bytesOf(blob);
  const { code, cleaned } = await begun().clean(data);
  if (!cleaned) return { code, blob: null };
  const { head, pixels, tail } = cleaned;
  // Pixels that were not changed are taken from the file itself: a large one is not held twice.
  const own = pixels.buffer === data.buffer;
  const middle = own ? blob.slice(pixels.byteOffset, pixels.byteOffset + pixels.length) : pixels;
  return { code: "", blob: new Blob([head, middle, tail] as BlobPart[]) };
}

async function answer(asked: Asked): Promise<unknown> {
  if (asked.act === "begin") {
    session = await SiteSession.begin(asked.plan);
    return null;
  }
  return asked.act === "look" ? begun().look(await bytesOf(asked.blob)) : clean(asked.blob);
}

self.addEventListener("message", (event: MessageEvent<Asked>) => {
  const { id } = event.data;
  answer(event.data).then(
    (result) => self.postMessage({ id, result }),
    () => self.postMessage({ id, failed: true }),
  );
});
