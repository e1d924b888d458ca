import { announce } from "../announce";
import { need, needData } from "../dom";
import { bytes, count } from "../wording";
import { Choice } from "./choice";
import { Parts } from "./parts";
import { fromDrop, fromInput, openZips } from "./picking";
import { Pool, overAll } from "./pool";
import { grouped, type Result } from "./precheck";
import { ProgressView } from "./progress";
import type { RuleSheet } from "./rules";
import { postJson } from "./server";
import { type Outcome, type Sendable, Shipment } from "./shipment";
import { nameOf, type Source } from "./source";
import { preparation, Refused } from "./transfer";
import { type Acts, button, findingsOf, note, passed, passedItem, redrawFindings, seriesRow, summary } from "./view";

const DEFAULT_LIMITS = { files: 10_000, bytes: 5 * 1024 ** 3, file_bytes: 4 * 1024 ** 3, large: 32 * 1024 ** 2, part: 8 * 1024 ** 2 };

/**
 * The upload part of a page: `data-upload` with `data-manifest-url` (POST `{files: [{size, sha256}]}`
 * gives `{missing: [sha256]}`), `data-put-url` (holds `{sha256}`), `data-parts-url` (tus; large files)
 * and `data-finish-url` (POST; may answer `{next: URL}`). With the rules of the visit in a JSON script
 * named by `data-rules`, files are checked before anything is sent and series are chosen; without,
 * everything is sent at once. Choosing the same files again after a break sends what is missing.
 */
export class UploadPanel {
  private readonly rules: RuleSheet | null;
  private readonly limits: typeof DEFAULT_LIMITS;
  private readonly parts: Parts;
  private readonly view: ProgressView;
  private readonly choice: Choice;
  private shipment: Shipment | null = null;
  private goes = Promise.resolve();
  private isBusy = false;

  constructor(private readonly root: HTMLElement) {
    const name = root.dataset["rules"];
    const script = name ? document.getElementById(name) : null;
    this.rules = script ? (JSON.parse(script.textContent ?? "null") as RuleSheet) : null;
    this.limits = this.rules?.limits ?? DEFAULT_LIMITS;
    this.parts = new Parts(root);
    this.view = new ProgressView(this.parts);
    this.choice = new Choice(`upload ${needData(root, "finishUrl")}`);
    this.listen();
    root.dataset["uploadReady"] = "";
  }

  private listen(): void {
    for (const input of this.root.querySelectorAll<HTMLInputElement>("input[type=file]")) {
      input.addEventListener("change", () => {
        const chosen = [...(input.files ?? [])];
        input.value = "";
        void fromInput(chosen).then((sources) => this.pick(sources));
      });
    }
    for (const button of this.root.querySelectorAll<HTMLElement>("[data-upload-pick]")) {
      button.addEventListener("click", () => this.parts.input(button.dataset["uploadPick"] ?? "files").click());
    }
    this.parts.watchDrop((dropped) => void fromDrop(dropped).then((sources) => this.pick(sources)));
    this.parts.of("pause").addEventListener("click", () => {
      this.shipment?.pause();
      this.view.paused();
    });
    this.parts.of("resume").addEventListener("click", () => {
      this.shipment?.resume();
      this.view.resumed();
    });
    this.parts.maybe("send")?.addEventListener("click", () => void this.sendChosen());
    window.addEventListener("online", () => this.shipment?.hurry());
    window.addEventListener("beforeunload", (event) => {
      if (this.isBusy) event.preventDefault();
    });
  }

  private start(title: string): void {
    this.isBusy = true;
    this.view.start(title);
    this.root.toggleAttribute("data-busy", true);
    this.parts.maybe("send")?.toggleAttribute("hidden", true);
  }

  private stopped(): void {
    this.isBusy = false;
    this.root.removeAttribute("data-busy");
    if (this.choice.result) this.drawSend(this.choice.result);
  }

  // --- choosing and checking ------------------------------------------------------------------

  private pick(sources: Source[]): void {
    if (this.isBusy || !sources.length) return;
    this.goes = this.goes.then(() => this.read(sources)).catch((error: unknown) => this.view.fail(error));
  }

  private async read(sources: Source[]): Promise<void> {
    this.start("Reading your files");
    const pool = new Pool();
    try {
      const picked = await openZips(sources, this.limits);
      const fresh = this.choice.fresh(picked.sources);
      const started = performance.now();
      let done = 0;
      const examined = await overAll(fresh, async (source) => {
        const header = await pool.header(source).catch(() => null);
        done += 1;
        this.view.reading(done, fresh.length, started);
        return header ? { source, header } : null;
      });
      const unread = examined.filter((one) => one === null).length;
      this.choice.add(examined.filter((one) => one !== null), picked.unopened);
      await this.compareCopies(pool);
      if (unread) throw new Refused(`${count(unread)} files cannot be read from the disk.`);
    } finally {
      pool.close();
      this.stopped();
      if (!this.choice.isEmpty) this.judge();
    }
    if (!this.rules) await this.sendChosen();
  }

  /** Files with one identifier are told apart by their pixels. */
  private async compareCopies(pool: Pool): Promise<void> {
    const images = this.choice.files.filter((one) => one.header.sop && one.pixels === undefined);
    const repeated = [...grouped(images, (one) => `${one.header.series} ${one.header.sop}`).values()]
      .filter((group) => group.length > 1)
      .flat();
    await overAll(repeated, async (one) => {
      one.pixels = await pool.pixels(one.source, one.header.pixelsAt).catch(() => "");
    });
  }

  private judge(): void {
    if (this.rules) this.draw(this.choice.judge(this.rules));
  }

  private draw(result: Result): void {
    const { parts, choice } = this;
    for (const stage of document.querySelectorAll<HTMLElement>("[data-upload-stage]")) {
      stage.hidden = stage.dataset["uploadStage"] !== "check";
    }
    parts.show(["found", "series"]);
    const acts = this.acts();
    parts.of("summary").replaceChildren(...summary(result, choice.explained));
    const found = [...this.archives(), ...findingsOf(result, choice.explained, acts), ...this.othersLeftOut()];
    redrawFindings(parts.of("findings"), found, choice.explained);
    parts.of("passed").replaceChildren(...passed(result).map(passedItem));
    parts.of("rows").replaceChildren(...result.series.map((line) => seriesRow(line, result.findings, result.patients, acts)));
    const sent = result.series.filter((line) => line.isChosen);
    const images = sent.reduce((sum, line) => sum + line.images, 0);
    parts.of("chosen").textContent =
      `${sent.length} of ${result.series.length} ticked, ${count(images)} images, ${bytes(sent.reduce((sum, line) => sum + line.bytes, 0))}`;
    this.drawSend(result);
  }

  private acts(): Acts {
    return {
      add: () => this.parts.input("files").click(),
      tick: (series, on) => {
        this.choice.tick(series, on);
        this.redraw();
      },
      keepPatient: (key) => {
        this.choice.keepPatient(key);
        this.redraw();
        announce("The files of the other subject are left out");
      },
      explain: (finding, text) => {
        this.choice.explain(finding, text);
        this.redraw();
        announce("Reason kept");
      },
      visitUrl: this.root.dataset["visitUrl"] ?? "",
    };
  }

  private archives(): HTMLElement[] {
    return this.choice.unopened.map(({ source, code }) =>
      code
        ? note("stop", "circle-x", `${nameOf(source)} is not sent`, this.rules?.files[code] ?? "Send its files directly.")
        : note("work", "file-zip", `${nameOf(source)} is sent as it is`, "This zip is opened and checked when it has arrived."),
    );
  }

  /** What was left out because it belongs to somebody else, with the way back. */
  private othersLeftOut(): HTMLElement[] {
    const others = this.choice.othersLeftOut;
    if (!others) return [];
    const back = button("Take them back", () => {
      this.choice.keepPatient(null);
      this.redraw();
    }, { icon: "arrow-back-up" });
    const title = others === 1 ? "1 file of another subject is left out" : `${count(others)} files of another subject are left out`;
    return [note("idle", "users", title, "They stay on this computer.", back)];
  }

  private drawSend(result: Result): void {
    const send = this.parts.maybe("send");
    if (!send) return;
    const series = result.series.filter((line) => line.isChosen).length;
    const whole = this.choice.whole.length;
    const left = this.choice.errorsLeft;
    const why = !series && !whole
      ? "Tick at least one series"
      : left
        ? `Fix ${left === 1 ? "1 point" : `${left} points`} or say that ${left === 1 ? "it" : "they"} cannot be fixed`
        : "";
    send.hidden = false;
    send.toggleAttribute("data-closed", why !== "");
    if (why) send.setAttribute("aria-disabled", "true");
    else send.removeAttribute("aria-disabled");
    send.classList.toggle("btn-primary", !why);
    need<HTMLElement>(send, "[data-words]").textContent =
      !series && whole ? "Send zip" : `Send ${count(series)} series`;
    const note = this.parts.of("why");
    note.hidden = !why;
    need<HTMLElement>(note, "[data-words]").textContent = why;
    this.parts.maybe("closed")?.toggleAttribute("hidden", true);
  }

  /** Draws again with the focus where it was, or on the first thing that is left. */
  private redraw(): void {
    const id = document.activeElement?.id ?? "";
    this.judge();
    const again = id ? document.getElementById(id) : null;
    (again ?? this.parts.of("found")).focus();
  }

  // --- sending --------------------------------------------------------------------------------

  private async sendChosen(): Promise<void> {
    if (this.isBusy || this.parts.maybe("send")?.hasAttribute("data-closed")) return;
    const chosen = this.choice.toSend();
    if (!chosen.length) return;
    this.start("Preparing your files");
    this.view.lookHere();
    const pool = new Pool();
    try {
      this.shipment = new Shipment(this.root, this.limits, pool, this.view);
      const outcome = await this.shipment.run(chosen);
      if (outcome.refused.length || outcome.unread.length) this.offer(outcome);
      else await this.finish(outcome.ready, outcome.othersMissing);
    } catch (error) {
      this.view.fail(error);
    } finally {
      pool.close();
      this.stopped();
    }
  }

  /** Some files did not go: the person tries them again or goes on without them. */
  private offer({ ready, refused, unread, othersMissing }: Outcome): void {
    const number = refused.length + unread.length;
    this.view.title(`${count(number)} ${number === 1 ? "file was" : "files were"} not taken`);
    this.view.toggleList(true);
    const box = this.parts.of("refused");
    box.hidden = false;
    const words = [...new Set([...refused.map((one) => one.why), ...(unread.length ? ["Cannot be read from the disk."] : [])])];
    need<HTMLElement>(box, "[data-words]").textContent = words.join(" ");
    const without = new Set(refused.map((one) => one.sha256));
    this.parts.of("without").onclick = () => {
      box.hidden = true;
      const kept = ready.filter((one) => !without.has(one.entry.sha256));
      void this.finish(kept, [...othersMissing, ...without]).catch((error: unknown) => this.view.fail(error));
    };
    this.parts.of("again").onclick = () => {
      box.hidden = true;
      void this.sendChosen();
    };
    box.focus();
  }

  private async finish(ready: readonly Sendable[], leftOut: string[]): Promise<void> {
    const said = [...this.choice.explained].map(([key, text]) => {
      const [code = "", ...series] = key.split(":");
      const about = series.join(":");
      const files = about ? ready.filter((one) => one.about?.header.series === about).map((one) => one.entry.sha256) : [];
      return { code, files, text };
    });
    await preparation()?.finished();
    const answer = await postJson(needData(this.root, "finishUrl"), { said, left_out: leftOut });
    this.view.title("All files are here");
    announce(`All ${count(ready.length)} files are here`);
    this.choice.forget();
    this.isBusy = false;
    this.root.dispatchEvent(new CustomEvent("upload:done", { bubbles: true, detail: answer }));
    if (typeof answer["next"] === "string") window.location.assign(answer["next"]);
  }
}
