import { announce } from "../announce";
import { entryOf, isOpen, nextOpen, optionFor, pick } from "./keys";

/** What the keys need of the room. */
export interface RoomActs {
  readonly form: HTMLFormElement;
  /** Sends what waits now. */
  flush(): void;
  /** Whether answers are on their way, so that fields may still come and go. */
  isSettling(): boolean;
  /** Adds a row by the name of its button. */
  add(name: string): void;
  /** Brings a place of the form up by its id. */
  goTo(id: string): void;
}

const GROUPS: Record<string, { group: string; baseline: boolean; refusal: string }> = {
  F7: {
    group: "target.lesions",
    baseline: true,
    refusal: "Target lesions are chosen at baseline. Record this one as new.",
  },
  F8: {
    group: "non_target.lesions",
    baseline: true,
    refusal: "Non-target lesions are recorded at baseline. Record this one as new.",
  },
  F9: { group: "new.lesions", baseline: false, refusal: "New lesions are recorded after baseline." },
};

const LONGEST_HOLD_MS = 8000;

function changed(control: HTMLElement): void {
  control.dispatchEvent(new Event("input", { bubbles: true }));
  control.dispatchEvent(new Event("change", { bubbles: true }));
}

function idOf(group: string): string {
  return `form-${group.replace(".", "-")}`;
}

/**
 * Reading by keyboard alone: Enter goes on to the next needed answer, digits choose, function keys
 * jump and add lesions. What is typed while fields come and go is kept and typed afterwards, so
 * that no key lands in the wrong field.
 */
export class Typing {
  private from: string | null = null;
  private waits = false;
  private after: (() => void) | null = null;
  private readonly ahead: string[] = [];
  private begun = "";
  private turn = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly room: RoomActs,
  ) {
    document.addEventListener("keydown", (event) => this.key(event), { capture: true });
    for (const sign of ["offline", "refused", "conflict", "expired"]) {
      room.form.addEventListener(`autosave:${sign}`, () => this.settled());
    }
    // On a narrow screen the page opens at its head: the first field lies far below the images.
    const isWide = window.matchMedia("(min-width: 768px)").matches;
    if (isWide && document.activeElement === document.body) this.go(null);
  }

  /** The answers are saved and what follows from them stands on the page. */
  settled(): void {
    const act = this.after;
    this.after = null;
    if (act) act();
    if (!this.waits || this.after) return;
    this.waits = false;
    this.go(this.from ? document.getElementById(this.from) : null);
    this.replay();
  }

  private key(event: KeyboardEvent): void {
    if (document.querySelector("dialog[open]")) return;
    const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey;
    if (!isPlain) return;
    if (this.waits && (event.key.length === 1 || event.key === "Enter")) {
      this.ahead.push(event.key);
    } else if (!this.act(event.key, event.target)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private act(key: string, target: EventTarget | null): boolean {
    const lesions = GROUPS[key];
    if (lesions) this.addLesion(lesions);
    else if (key === "F1") document.querySelector<HTMLElement>('[data-dialog-open="keys"]')?.click();
    else if (key === "F2") this.goOn(document.activeElement);
    else if (key === "F3" && document.getElementById("tab-dossier")) this.toDossier();
    else if (key === "F4") this.toProblem();
    else if (key === "F6") this.toNextPart();
    else return target instanceof HTMLElement && this.inField(key, target);
    return true;
  }

  /** To the dossier: its tab, and the button that opens the latest. */
  private toDossier(): void {
    document.getElementById("tab-dossier")?.click();
    const panel = document.getElementById("panel-dossier");
    (panel?.querySelector<HTMLElement>("[data-dossier] button") ?? panel)?.focus();
  }

  private inField(key: string, target: HTMLElement): boolean {
    const field = target.closest<HTMLElement>(".ic-field");
    if (!field || !this.room.form.contains(field)) return false;
    if (key === "Enter") {
      const goesOn =
        (target instanceof HTMLInputElement && target.type !== "submit") || target instanceof HTMLSelectElement;
      if (goesOn) this.goOn(target);
      return goesOn;
    }
    if (!(target instanceof HTMLInputElement) || !["radio", "checkbox"].includes(target.type)) return false;
    const option = optionFor(field, key);
    if (!option) return false;
    option.checked = option.type === "radio" || !option.checked;
    option.focus();
    changed(option);
    this.room.flush();
    return true;
  }

  /** On to the next needed answer; after a choice only when its fields have come or gone. */
  private goOn(from: Element | null): void {
    const field = from?.closest<HTMLElement>(".ic-field") ?? null;
    const later = nextOpen(this.room.form, from);
    const isText = from instanceof HTMLInputElement && from.type === "text";
    const isLater = later && from && from.compareDocumentPosition(later) & Node.DOCUMENT_POSITION_FOLLOWING;
    if (!this.room.isSettling() || (isText && isLater)) return this.go(field ?? from);
    this.from = field?.id || from?.id || null;
    this.hold();
    this.room.flush();
  }

  /** Keeps the keys until the fields are settled, but never longer than a person would wait. */
  private hold(): void {
    this.waits = true;
    const mine = ++this.turn;
    window.setTimeout(() => {
      if (!this.waits || mine !== this.turn) return;
      this.after = null;
      this.settled();
    }, LONGEST_HOLD_MS);
  }

  private go(from: Element | null): void {
    this.begun = "";
    const field = nextOpen(this.room.form, from);
    const entry = field ? entryOf(field) : document.getElementById("to-review");
    // From the dossier or the checks: the form lies behind another tab, where nothing takes focus.
    if (field?.closest("[hidden]")) document.getElementById("tab-form")?.click();
    entry?.focus();
    entry?.scrollIntoView({ block: "center" });
    if (entry instanceof HTMLInputElement && entry.type === "text") entry.select();
  }

  private replay(): void {
    while (this.ahead.length && !this.waits) {
      const key = this.ahead.shift() ?? "";
      const target = document.activeElement;
      if (key === "Enter" && target instanceof HTMLButtonElement) target.click();
      else if (target instanceof HTMLElement && !this.inField(key, target)) this.type(key, target);
    }
  }

  private type(key: string, target: HTMLElement): void {
    if (target instanceof HTMLSelectElement) {
      this.begun += key;
      if (!pick(target, this.begun)) return;
    } else if (target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement) {
      target.setRangeText(key, target.selectionStart ?? 0, target.selectionEnd ?? 0, "end");
    } else return;
    changed(target);
  }

  private addLesion({ group, baseline, refusal }: { group: string; baseline: boolean; refusal: string }): void {
    if (baseline !== "baseline" in this.root.dataset) return announce(refusal);
    const button = this.room.form.querySelector<HTMLButtonElement>(`button[name="add[${group}]"]`);
    if (button) {
      this.wait(() => this.toLastRow(group));
      return this.room.add(button.name);
    }
    const any = this.room.form.querySelector<HTMLInputElement>('[name="answers[new.any]"][value="true"]');
    if (baseline || !any || any.checked) return announce(refusal);
    any.checked = true;
    this.wait(() => this.addLesion({ group, baseline, refusal }));
    changed(any);
    this.room.flush();
  }

  private wait(act: () => void): void {
    this.hold();
    this.from = null;
    this.after = act;
  }

  private toLastRow(group: string): void {
    const rows = document.querySelectorAll<HTMLElement>(`#${idOf(group)} > fieldset.card`);
    const row = rows[rows.length - 1];
    const fields = [...(row?.querySelectorAll<HTMLElement>(".ic-field") ?? [])];
    const field = fields.find(isOpen) ?? fields[0];
    const entry = field ? entryOf(field) : null;
    this.waits = false;
    entry?.focus();
    entry?.scrollIntoView({ block: "center" });
    this.replay();
  }

  private toProblem(): void {
    const link = document.querySelector<HTMLElement>("[data-live=problem] [data-goto], [data-live=checks] [data-goto]");
    if (link) this.room.goTo(link.dataset["goto"] ?? "form");
    else announce("Nothing is open.");
  }

  private toNextPart(): void {
    const parts = [
      document.querySelector<HTMLElement>("#viewer [tabindex]"),
      document.querySelector<HTMLElement>("[data-live=table]"),
      this.room.form,
    ].filter((part): part is HTMLElement => part !== null);
    const now = parts.findIndex((part) => part.contains(document.activeElement));
    const next = parts[(now + 1) % parts.length];
    if (next === this.room.form) this.go(null);
    else next?.focus();
  }
}

/** On the review page Control Enter opens the signature, and signs once the password is there. */
export function watchReviewKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.ctrlKey || !document.body.classList.contains("ic-review")) return;
    event.preventDefault();
    const dialog = document.querySelector<HTMLDialogElement>("dialog#sign");
    if (!dialog?.open) document.querySelector<HTMLElement>('[data-dialog-open="sign"]')?.click();
    else dialog.querySelector<HTMLButtonElement>("footer .btn-primary")?.click();
  });
}
