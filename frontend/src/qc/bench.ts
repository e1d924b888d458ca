import { onEach } from "../dom";
import { type Act, actOf, nextOpen, step } from "./keys";

const OFF = "icro-qc-keys-off";
const TYPED = "input:not([type=radio]):not([type=checkbox]), textarea, select";

/**
 * The quality control workbench by keyboard: `data-qc-bench` around it. Findings are
 * `[data-qc-finding]`, series links `[data-qc-series]`, the checklist's questions are its fieldsets
 * with radio buttons, decision buttons carry `name="decision"`. Single keys can be switched off
 * (WCAG 2.1.4) by the box `[data-qc-keys]`; that is remembered on this device.
 */
class Bench {
  constructor(private readonly root: HTMLElement) {
    document.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("change", () => {
      this.count();
      this.tellLeft();
    });
    const box = document.querySelector<HTMLInputElement>("[data-qc-keys]");
    if (box) {
      box.checked = !this.off();
      box.addEventListener("change", () => {
        localStorage.setItem(OFF, box.checked ? "" : "1");
      });
    }
  }

  /** Keeps the number of answered questions in the head of the checklist up to date. */
  private count(): void {
    const place = this.root.querySelector("[data-qc-count]");
    const words = place?.textContent?.match(/^\D*\d+(\D+)\d+(.*)$/);
    const questions = this.questions();
    if (!place || !words || questions.length === 0) return;
    const done = questions.filter((one) => one.querySelector("input:checked:not([value=''])")).length;
    place.textContent = `${done}${words[1]}${questions.length}${words[2]}`;
  }

  /** Says beside the decision whether the checklist still waits; the verdict itself is that decision. */
  private tellLeft(): void {
    const asked = this.questions().filter((one) => !one.querySelector("[name^='answers[decision.']"));
    const isOpen = asked.some((one) => !one.querySelector("input:checked:not([value=''])"));
    for (const flag of document.querySelectorAll<HTMLElement>("[data-qc-checklist]")) {
      flag.hidden = (flag.dataset["qcChecklist"] === "open") !== isOpen;
    }
  }

  private off(): boolean {
    return localStorage.getItem(OFF) === "1";
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const held = event.ctrlKey || event.altKey || event.metaKey;
    const act = actOf(event.key, held, target.matches(TYPED) || target.isContentEditable);
    if (!act || (this.off() && act.kind !== "help")) return;
    // The viewer has its own K (link) and digits while it has the focus.
    if (this.run(act)) event.preventDefault();
  }

  private run(act: Act): boolean {
    switch (act.kind) {
      case "finding":
        return this.finding(act.by);
      case "slice":
        return this.press(this.current(), "[data-viewer-slice]");
      case "ask":
        return this.menu("[data-qc-ask]");
      case "accept":
        return this.menu("[data-qc-accept]");
      case "viewer":
        return this.focus(this.root.querySelector<HTMLElement>(".ic-vp"));
      case "question":
        return this.question();
      case "form":
        return this.tab();
      case "series":
        return this.series(act.by);
      case "answer":
        return this.answer(act.word);
      case "decide":
        return this.press(document, `button[name=decision][value=${act.value}]:not([disabled])`);
      case "next":
        return this.press(document, "[data-qc-next]");
      case "help":
        return this.press(document, "[data-dialog-open=qc-keys]");
    }
  }

  private all(selector: string): HTMLElement[] {
    return [...this.root.querySelectorAll<HTMLElement>(selector)];
  }

  private current(): HTMLElement | null {
    return (document.activeElement?.closest("[data-qc-finding]") as HTMLElement | null) ?? null;
  }

  private finding(by: 1 | -1): boolean {
    const findings = this.all("[data-qc-finding]");
    const at = findings.indexOf(this.current() as HTMLElement);
    return this.focus(findings[step(at, by, findings.length)] ?? null);
  }

  private press(root: ParentNode | null, selector: string): boolean {
    const found = root?.querySelector<HTMLElement>(selector) ?? null;
    found?.click();
    return found !== null;
  }

  /** Opens a menu of the finding that has the focus; its words can be typed at once. */
  private menu(selector: string): boolean {
    const menu = this.current()?.querySelector<HTMLDetailsElement>(`details${selector}`);
    if (!menu) return false;
    menu.open = true;
    return this.focus(menu.querySelector<HTMLElement>("textarea"));
  }

  private questions(): HTMLElement[] {
    return this.all("#checklist fieldset").filter((one) => one.querySelector("input[type=radio]"));
  }

  private question(): boolean {
    const questions = this.questions();
    const answered = questions.map((one) => one.querySelector("input:checked:not([value=''])") !== null);
    const here = document.activeElement?.closest("fieldset") as HTMLElement | null;
    const next = questions[nextOpen(answered, here ? questions.indexOf(here) : -1)] ?? questions[0];
    return this.focus(this.entry(next));
  }

  private entry(question: HTMLElement | undefined): HTMLElement | null {
    if (!question) return null;
    const checked = question.querySelector<HTMLElement>("input[type=radio]:checked");
    return checked ?? question.querySelector<HTMLElement>("input[type=radio]");
  }

  private answer(word: string): boolean {
    const question = document.activeElement?.closest<HTMLElement>("#checklist fieldset");
    const button = question?.querySelector<HTMLInputElement>(`input[type=radio][value="${word}"]`);
    if (!question || !button) return false;
    button.click();
    const questions = this.questions();
    const next = questions[questions.indexOf(question) + 1];
    return this.focus(this.entry(next) ?? button);
  }

  private series(by: 1 | -1): boolean {
    const links = this.all("[data-qc-series]");
    const at = links.findIndex((one) => one.getAttribute("aria-current") === "true");
    const next = links[step(at, by, links.length)];
    if (!next || next === links[at]) return false;
    next.click();
    return true;
  }

  private tab(): boolean {
    const other = this.root.querySelector<HTMLElement>('[role="tab"][aria-selected="false"]');
    other?.click();
    return this.focus(other);
  }

  private focus(element: HTMLElement | null): boolean {
    element?.focus();
    element?.scrollIntoView({ block: "nearest" });
    return element !== null;
  }
}

/** `<div class="ic-panes" data-qc-bench>` */
export function watchBenches(): void {
  onEach("[data-qc-bench]", (root) => void new Bench(root));
}
