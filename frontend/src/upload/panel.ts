import { announce } from "../announce";
import { csrfToken, need, needData, onEach } from "../dom";
import { bytes, count, duration } from "../wording";
import { Hasher } from "./hashing";
import { fromDrop, fromInput, type Picked } from "./picking";
import { type Entry, type Progress, Refused, type Sender, Transfer } from "./transfer";

/** PUT by XMLHttpRequest, because fetch does not tell how much has left this computer. */
function put(url: string, file: File, onBytes: (sent: number) => void, stop: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("PUT", url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => onBytes(event.loaded));
    request.addEventListener("load", () => {
      if (request.status < 300) done();
      else if (request.status >= 500 || request.status === 429) fail(new Error(`${request.status}`));
      else fail(new Refused(`The server did not take ${file.name}.`));
    });
    request.addEventListener("error", () => fail(new Error("The connection was lost")));
    request.addEventListener("abort", () => fail(new Error("Paused")));
    stop.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}

async function postJson(url: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(url, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify(body),
  });
  const result = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  if (!answer.ok) throw new Refused(String(result["detail"] ?? `The server answered ${answer.status}.`));
  return result;
}

/**
 * The upload part of a page:
 * `data-upload` with `data-manifest-url` (POST `{files: [{path, size, sha256}]}` gives
 * `{missing: [sha256]}`), `data-put-url` (holds `{sha256}`) and `data-finish-url` (POST; may answer
 * `{next: URL}`). Choosing the same folder again after a break sends only what is missing.
 */
class UploadPanel {
  private transfer: Transfer | null = null;
  private busy = false;

  constructor(private readonly root: HTMLElement) {
    for (const input of root.querySelectorAll<HTMLInputElement>("input[type=file]")) {
      input.addEventListener("change", () => void this.start(fromInput(input)));
    }
    for (const button of root.querySelectorAll<HTMLElement>("[data-upload-pick]")) {
      const input = need<HTMLInputElement>(root, `input[data-kind="${button.dataset["uploadPick"]}"]`);
      button.addEventListener("click", () => input.click());
    }
    this.watchDrop(need<HTMLElement>(root, "[data-upload-drop]"));
    this.part("pause").addEventListener("click", () => this.pause(true));
    this.part("resume").addEventListener("click", () => this.pause(false));
    window.addEventListener("beforeunload", (event) => {
      if (this.busy) event.preventDefault();
    });
  }

  private part(name: string): HTMLElement {
    return need<HTMLElement>(this.root, `[data-upload-${name}]`);
  }

  private watchDrop(zone: HTMLElement): void {
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.toggleAttribute("data-over", true);
    });
    zone.addEventListener("dragleave", () => zone.removeAttribute("data-over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.removeAttribute("data-over");
      if (event.dataTransfer) void fromDrop(event.dataTransfer).then((files) => this.start(files));
    });
  }

  private pause(on: boolean): void {
    if (on) this.transfer?.pause();
    else this.transfer?.resume();
    this.part("pause").hidden = on;
    this.part("resume").hidden = !on;
    this.part(on ? "resume" : "pause").focus();
    announce(on ? "Upload paused" : "Upload goes on");
  }

  private async start(files: Picked[]): Promise<void> {
    if (this.busy || !files.length) return;
    this.busy = true;
    this.part("error").hidden = true;
    this.part("progress").hidden = false;
    this.part("pause").hidden = true;
    try {
      const entries = await this.read(files);
      await this.send(entries, files);
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    } finally {
      this.busy = false;
    }
  }

  private async read(files: Picked[]): Promise<Entry[]> {
    const hasher = new Hasher();
    const started = performance.now();
    const total = files.reduce((sum, { file }) => sum + file.size, 0);
    let doneBytes = 0;
    let doneFiles = 0;
    this.title("Reading your files");
    try {
      return await Promise.all(
        files.map(async ({ path, file }) => {
          const sha256 = await hasher.hash(file);
          doneBytes += file.size;
          doneFiles += 1;
          const rate = doneBytes / Math.max(0.001, (performance.now() - started) / 1000);
          const secondsLeft = (total - doneBytes) / rate;
          this.show({ doneBytes, totalBytes: total, doneFiles, totalFiles: files.length, rate, secondsLeft });
          return { path, size: file.size, sha256 };
        }),
      );
    } finally {
      hasher.close();
    }
  }

  private async send(entries: Entry[], files: Picked[]): Promise<void> {
    this.title("Sending your files");
    const manifest = { files: entries };
    const answer = await postJson(needData(this.root, "manifestUrl"), manifest);
    const missing = new Set((answer["missing"] ?? []) as string[]);
    const byHash = new Map(entries.map((entry, i) => [entry.sha256, files[i]?.file]));
    const pattern = needData(this.root, "putUrl");
    const sender: Sender = {
      put: (entry, onBytes, stop) => {
        const url = pattern.replace("{sha256}", entry.sha256);
        return put(url, byHash.get(entry.sha256) as File, onBytes, stop);
      },
      wait: (ms) => new Promise((done) => window.setTimeout(done, ms)),
      now: () => performance.now(),
    };
    this.transfer = new Transfer(entries, missing, sender, (progress) => this.show(progress));
    this.part("pause").hidden = false;
    await this.transfer.run();
    this.part("pause").hidden = true;
    this.busy = false;
    await this.finish(manifest);
  }

  private async finish(manifest: { files: Entry[] }): Promise<void> {
    const answer = await postJson(needData(this.root, "finishUrl"), manifest);
    this.title("All files are here");
    announce(`All ${count(manifest.files.length)} files are here`);
    this.root.dispatchEvent(new CustomEvent("upload:done", { bubbles: true, detail: answer }));
    if (typeof answer["next"] === "string") window.location.assign(answer["next"]);
  }

  private title(text: string): void {
    this.part("title").textContent = text;
  }

  private show(progress: Progress): void {
    const share = progress.totalBytes ? progress.doneBytes / progress.totalBytes : 1;
    const percent = Math.floor(share * 100);
    need<HTMLProgressElement>(this.root, "progress").value = percent;
    this.part("percent").textContent = `${percent} %`;
    const files = `${count(progress.doneFiles)} of ${count(progress.totalFiles)} files`;
    this.part("counts").textContent =
      `${files}, ${bytes(progress.doneBytes)} of ${bytes(progress.totalBytes)}`;
    const rate = progress.rate > 0 ? `${bytes(Math.round(progress.rate))}/s, ` : "";
    const left = share < 1 ? `${rate}${duration(progress.secondsLeft)} left` : "";
    this.part("left").textContent = Number.isFinite(progress.secondsLeft) ? left : "";
  }

  private fail(message: string): void {
    const box = this.part("error");
    need<HTMLElement>(box, "[data-upload-message]").textContent =
      `${message} What has arrived is kept. Choose the same folder again to go on.`;
    box.hidden = false;
    box.focus();
    this.part("pause").hidden = true;
  }
}

export function watchUploads(): void {
  onEach("[data-upload]", (root) => void new UploadPanel(root));
}
