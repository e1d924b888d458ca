import { need, needData, onEach } from "../dom";
import { postJson } from "../upload/server";
import { type Preparation, prepareWith } from "../upload/transfer";
import { count } from "../wording";
import { type Account, type Handed, SitePreparation } from "./preparing";

/**
 * The part of the upload page that removes identity: `data-site-cleaning` with `data-plan-url` and
 * `data-report-url`. Where the study only offers it, a tick box turns it off.
 */
class SiteCleaningPart {
  private readonly preparation: SitePreparation;

  constructor(private readonly root: HTMLElement) {
    const handOut = async (): Promise<Handed> =>
      (await postJson(needData(root, "planUrl"), {})) as unknown as Handed;
    this.preparation = new SitePreparation(handOut, (account) => this.draw(account));
    const box = root.querySelector<HTMLInputElement>("input[type=checkbox]");
    box?.addEventListener("change", () => prepareWith(box.checked ? this.hook() : null));
    prepareWith(this.hook());
    root.dataset["ready"] = "";
  }

  private hook(): Preparation {
    return {
      look: (files, done) => this.preparation.look(files, done),
      prepare: (name, file) => this.preparation.prepare(name, file),
      finished: () => this.report(),
    };
  }

  private async report(): Promise<void> {
    const { cleaned, notSent, patient } = this.preparation.finished();
    await postJson(needData(this.root, "reportUrl"), {
      cleaned,
      not_sent: Object.fromEntries([...notSent].map(([code, names]) => [code, names.length])),
      patient_key: patient,
      engine: this.preparation.plan?.engine ?? "",
    });
  }

  private draw(account: Account): void {
    const stays = [...account.notSent.values()].reduce((sum, names) => sum + names.length, 0);
    const cleaned = account.cleaned === 1 ? "1 file cleaned" : `${count(account.cleaned)} files cleaned`;
    const kept = stays === 1 ? "1 file stays here" : `${count(stays)} files stay here`;
    need<HTMLElement>(this.root, "[data-site-counts]").textContent = `${cleaned}, ${kept}`;
    const list = need<HTMLElement>(this.root, "[data-site-list]");
    list.hidden = stays === 0;
    need<HTMLElement>(list, "ul").replaceChildren(
      ...[...account.notSent].map(([code, names]) => this.line(code, names)),
    );
  }

  private line(code: string, names: string[]): HTMLElement {
    const line = document.createElement("li");
    const number = document.createElement("b");
    number.textContent = names.length === 1 ? "1 file" : `${count(names.length)} files`;
    const shown = names.slice(0, 3).map((name) => name.split("/").at(-1)).join(", ");
    const more = names.length > 3 ? ` and ${count(names.length - 3)} more` : "";
    const where = document.createElement("span");
    where.className = "ic-meta";
    where.textContent = `${shown}${more}`;
    const why = this.preparation.plan?.sentences[code] ?? code;
    line.append(number, `: ${why} `, where);
    return line;
  }
}

export function watchSiteCleaning(): void {
  onEach("[data-site-cleaning]", (root) => void new SiteCleaningPart(root));
}
