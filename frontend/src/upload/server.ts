import * as tus from "tus-js-client";
import { csrfToken } from "../dom";
import { type Entry, LoggedOut, Refused } from "./transfer";

const LOGGED_OUT =
  "You were logged out. What has arrived is kept. Log in again in another tab, then choose Go on.";

/** Why an answer means that nothing more can be sent, or nothing when it is worth another try. */
function lasting(status: number, body: string): Error | null {
  if (status === 401 || status === 403) return new LoggedOut(LOGGED_OUT);
  const { detail, rule } = told(body);
  // IMG-016: the next byte is another one than was thought; the next try asks first.
  if (status === 0 || status >= 500 || [408, 429].includes(status) || rule === "IMG-016") return null;
  return new Refused(detail || `The server did not take this file (${status}).`);
}

function told(body: string): { detail: string; rule: string } {
  try {
    const { detail, rule } = JSON.parse(body) as { detail?: unknown; rule?: unknown };
    return { detail: String(detail ?? ""), rule: String(rule ?? "") };
  } catch {
    return { detail: "", rule: "" };
  }
}

/** Sends the bytes of one announced file. */
export function put(
  url: string,
  content: Blob,
  onBytes: (sent: number) => void,
  stop: AbortSignal,
): Promise<void> {
  return carry("PUT", url, content, onBytes, stop);
}

/**
 * Sends several announced files in one message: a line that names them by SHA-256, then their bytes
 * in that order. `onBytes` counts the bytes of the files alone.
 */
export function postMany(
  url: string,
  files: readonly { sha256: string; content: Blob }[],
  onBytes: (sent: number) => void,
  stop: AbortSignal,
): Promise<void> {
  const line = `${files.map((one) => one.sha256).join(" ")}\n`;
  const message = new Blob([line, ...files.map((one) => one.content)]);
  return carry("POST", url, message, (sent) => onBytes(Math.max(0, sent - line.length)), stop);
}

/** By XMLHttpRequest, because fetch does not tell how much has left this computer. */
function carry(
  method: "PUT" | "POST",
  url: string,
  content: Blob,
  onBytes: (sent: number) => void,
  stop: AbortSignal,
): Promise<void> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => onBytes(event.loaded));
    request.addEventListener("load", () => {
      // The page for logging in answers 200; only "no content" means that the file is stored.
      if (request.status === 204) return done();
      if (request.status < 300) return fail(new LoggedOut(LOGGED_OUT));
      fail(lasting(request.status, request.responseText) ?? new Error(`${request.status}`));
    });
    request.addEventListener("error", () => fail(new Error("The connection was lost")));
    request.addEventListener("abort", () => fail(new Error("Paused")));
    stop.addEventListener("abort", () => request.abort(), { once: true });
    if (stop.aborted) return fail(new Error("Paused"));
    request.send(content);
  });
}

/** Sends a large content in parts; what is durable at the server is not sent again. */
export function putInParts(
  url: string,
  content: Blob,
  partBytes: number,
  onBytes: (sent: number) => void,
  stop: AbortSignal,
): Promise<void> {
  return new Promise((done, fail) => {
    const upload = new tus.Upload(content, {
      endpoint: url,
      uploadUrl: url,
      chunkSize: partBytes,
      retryDelays: null,
      storeFingerprintForResuming: false,
      fingerprint: () => Promise.resolve(url),
      headers: { "X-CSRFToken": csrfToken() },
      onProgress: (sent) => onBytes(sent),
      onSuccess: () => done(),
      onError: (error) => {
        const answer = "originalResponse" in error ? error.originalResponse : null;
        fail(lasting(answer?.getStatus() ?? 0, answer?.getBody() ?? "") ?? error);
      },
    });
    const abort = (): void => {
      void upload.abort();
      fail(new Error("Paused"));
    };
    stop.addEventListener("abort", abort, { once: true });
    if (stop.aborted) return abort();
    upload.start();
  });
}

/** POST of JSON; tries again while the server cannot be reached. */
export async function postJson(
  url: string, body: unknown, tries = 6, waiting: () => void = () => {},
): Promise<Record<string, unknown>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await postOnce(url, body);
    } catch (error) {
      if (error instanceof Refused || error instanceof LoggedOut || attempt >= tries) throw error;
      waiting();
      await new Promise((later) => window.setTimeout(later, 1000 * 2 ** (attempt - 1)));
    }
  }
}

async function postOnce(url: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(url, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.redirected || answer.status === 401 || answer.status === 403) throw new LoggedOut(LOGGED_OUT);
  if (answer.status >= 500 || answer.status === 429) throw new Error(`The server answered ${answer.status}.`);
  if (!answer.ok) throw new Refused(told(text).detail || `The server answered ${answer.status}.`);
  return JSON.parse(text) as Record<string, unknown>;
}

/** The entries of a manifest as the server wants them, without paths. */
export function manifestOf(entries: readonly Entry[]): Entry[] {
  return [...new Map(entries.map(({ sha256, size }) => [sha256, { sha256, size }])).values()];
}
