import { need, needData, onEach } from "../dom";
import type { Values } from "../autosave/queue";
import { Typing } from "./typing";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** What a person typed into controls that the server has not answered yet. */
interface Typed {
  name: string;
  value: string;
  checked: boolean;
}

/** Both contents of what could not be saved; of fixed answers only the stored one can be taken. */
interface Conflicting {
  mine: Values;
  theirs: Values;
  fixed?: boolean;
}

/** What htmx tells before it asks the server. */
interface Asked {
  elt: Element;
}

function isControl(element: unknown): element is Control {
  return (
    element instanceof HTMLInputElement ||
    element instanceof HTMLSelectElement ||
    element instanceof HTMLTextAreaElement
  );
}

/** The words before a control, for a list of what differs. */
export function labelOf(form: HTMLFormElement, name: string): string {
  const control = form.querySelector<HTMLElement>(`[name="${CSS.escape(name)}"]`);
  const legend = control?.closest("fieldset.ic-field")?.querySelector("legend");
  const label = control?.id ? form.querySelector(`label[for="${CSS.escape(control.id)}"]`) : null;
  const row = control?.closest("fieldset.card")?.querySelector(".card-title")?.textContent?.trim();
  const own = (legend ?? label)?.firstChild?.textContent?.trim() ?? name;
  return row ? `${row}, ${own}` : own;
}

/** Keeps the room in step with the answers: what follows from them is fetched after each save. */
class Room {
  readonly form: HTMLFormElement;
  private readonly typing: Typing;
  private following = 0;
  private readonly panelUrl: string;
  private readonly dirty = new Set<string>();
  private readonly left = new Set<string>();
  private waiting: HTMLElement | null | undefined;
  private latest = 0;
  private opening: string | null = null;
  private isConflicting = false;

  constructor(private readonly root: HTMLElement) {
    this.form = need<HTMLFormElement>(root, "form[data-autosave]");
    this.panelUrl = needData(root, "panelUrl");
    this.form.addEventListener("input", (event) => this.note(event));
    this.form.addEventListener("change", (event) => this.note(event));
    this.form.addEventListener("autosave:saved", () => void this.follow());
    this.form.addEventListener("autosave:conflict", (event) => this.conflict(event));
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.form.addEventListener("focusout", (event) => this.leave(event));
    document.addEventListener("click", (event) => this.click(event));
    document.addEventListener("keydown", (event) => this.key(event));
    // Nothing is saved before the choice: Escape does not leave it open for ever.
    document.querySelector("#conflict")?.addEventListener("close", () => this.askAgain());
    document.addEventListener("session:renewed", () => void this.follow());
    document.addEventListener("htmx:confirm", (event) => this.beforeOpening(event as CustomEvent<Asked>));
    document.addEventListener("htmx:afterSwap", (event) => this.afterOpening(event));
    this.typing = new Typing(root, this);
  }

  /** Whether something typed is not saved, or what follows from it is not shown yet. */
  isSettling(): boolean {
    return this.dirty.size > 0 || this.following > 0;
  }

  private note(event: Event): void {
    if (isControl(event.target) && event.target.name) this.dirty.add(event.target.name);
  }

  /** An answer is open until its field was left; what is still missing then is told as a fault. */
  private leave(event: FocusEvent): void {
    const from = event.target as Element;
    const field = from.closest<HTMLElement>(".ic-field");
    // The window alone lost the focus, or the form is drawn anew: nobody left the field.
    if (!field?.isConnected || document.activeElement === from) return;
    if (event.relatedTarget instanceof Node && field.contains(event.relatedTarget)) return;
    const id = field.id || field.querySelector("label")?.htmlFor;
    if (id) this.left.add(id);
    this.tell();
  }

  private tell(): void {
    document.querySelectorAll<HTMLElement>("[data-open-answer]").forEach((one) => {
      if (this.left.has(one.dataset["openAnswer"] ?? "")) one.dataset["tone"] = "stop";
    });
  }

  /** A dossier opens when everything typed is saved: its opening may fix the answers. */
  private beforeOpening(event: CustomEvent<Asked>): void {
    const form = event.detail.elt;
    if (!(form instanceof HTMLFormElement) || !form.closest("[data-dossier]")) return;
    if (this.dirty.size === 0) return;
    event.preventDefault();
    this.opening = form.querySelector<HTMLInputElement>("[name=place]")?.value ?? null;
    this.flush();
  }

  /** The list of dossiers follows each save, so that the form that was sent may be another by now. */
  private open(place: string): void {
    const found = document.querySelector(`[data-dossier] [name=place][value="${CSS.escape(place)}"]`);
    found?.closest("form")?.requestSubmit();
  }

  /** What the opening fixed is shown as such. */
  private afterOpening(event: Event): void {
    if ((event.target as Element).id === "dossier-panel") void this.follow();
  }

  /** Sends what waits now instead of after the quiet time. */
  flush(): void {
    window.dispatchEvent(new Event("online"));
  }

  /** Fetches the parts that follow from the answers and puts them in place. */
  private async follow(): Promise<void> {
    const mine = ++this.latest;
    this.dirty.clear();
    this.following += 1;
    try {
      await this.fetchParts(mine);
    } catch {
      // Without the network the parts stay as they are; autosave says so.
    } finally {
      this.following -= 1;
    }
    if (mine !== this.latest) return;
    if (this.dirty.size === 0) this.typing.settled();
    else this.flush();
    if (this.dirty.size > 0) return;
    if (this.waiting !== undefined) this.finish();
    if (this.opening !== null) this.open(this.opening);
    this.opening = null;
  }

  private async fetchParts(mine: number): Promise<void> {
    const answer = await fetch(this.panelUrl, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected || mine !== this.latest) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== this.latest) return;
    const version = page.querySelector<HTMLElement>("[data-version]")?.dataset["version"];
    if (version) need<HTMLInputElement>(this.form, "input[name=version]").value = version;
    page.querySelectorAll<HTMLElement>("[data-live]").forEach((fresh) => {
      const name = fresh.dataset["live"] ?? "";
      document.querySelectorAll<HTMLElement>(`[data-live="${name}"]`).forEach((place) => {
        if (name === "form") this.swapForm(place, fresh);
        else place.innerHTML = fresh.innerHTML;
      });
    });
    this.tell();
  }

  /** Swaps the form; focus, place of the cursor, scroll and what was typed meanwhile stay. */
  private swapForm(place: HTMLElement, fresh: HTMLElement): void {
    const typed = this.typed();
    const active = document.activeElement;
    const id = place.contains(active) ? (active as HTMLElement).id : "";
    const at = active instanceof HTMLInputElement && active.type === "text" ? active.selectionStart : null;
    const scroller = place.closest<HTMLElement>(".fill");
    const top = scroller?.scrollTop ?? 0;
    const open = [...place.querySelectorAll<HTMLDetailsElement>("details[open] select")].map((one) => one.id);
    place.innerHTML = fresh.innerHTML;
    this.restore(typed);
    for (const one of open) {
      document.getElementById(one)?.closest("details")?.setAttribute("open", "");
    }
    if (scroller) scroller.scrollTop = top;
    const again = id ? document.getElementById(id) : null;
    again?.focus({ preventScroll: true });
    if (again instanceof HTMLInputElement && at !== null) again.setSelectionRange(at, at);
  }

  private typed(): Typed[] {
    return [...this.form.elements].flatMap((one) =>
      isControl(one) && this.dirty.has(one.name)
        ? [{ name: one.name, value: one.value, checked: one instanceof HTMLInputElement && one.checked }]
        : [],
    );
  }

  private restore(typed: Typed[]): void {
    for (const { name, value, checked } of typed) {
      for (const one of this.form.querySelectorAll<Control>(`[name="${CSS.escape(name)}"]`)) {
        const choice = one instanceof HTMLInputElement && ["radio", "checkbox"].includes(one.type);
        if (!choice) one.value = value;
        else if (one.value === value) (one as HTMLInputElement).checked = checked;
      }
    }
  }

  /** Adding a row is a change like any other: it is saved, and the new row comes back. */
  add(name: string): void {
    const carrier = document.createElement("input");
    carrier.type = "hidden";
    carrier.name = name;
    carrier.value = "1";
    this.form.append(carrier);
    carrier.dispatchEvent(new Event("input", { bubbles: true }));
    carrier.remove();
    this.flush();
  }

  /** A post of the whole form waits until every change has been saved. */
  private submit(event: SubmitEvent): void {
    const button = event.submitter;
    if (button instanceof HTMLButtonElement && button.name.startsWith("add[")) {
      event.preventDefault();
      this.add(button.name);
    } else if (this.dirty.size > 0 && this.waiting === undefined) {
      event.preventDefault();
      this.waiting = button;
      this.flush();
    }
  }

  private finish(): void {
    const button = this.waiting;
    this.form.requestSubmit(button ?? undefined);
    this.waiting = undefined;
  }

  private conflict(event: Event): void {
    const { mine, theirs, fixed = false } = (event as CustomEvent<Conflicting>).detail;
    const dialog = need<HTMLDialogElement>(document, "#conflict");
    need<HTMLElement>(dialog, "[data-conflict-fixed]").hidden = !fixed;
    need<HTMLElement>(dialog, '[data-conflict="mine"]').hidden = fixed;
    const rows = Object.keys(mine).map((name) => {
      const row = document.createElement("tr");
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = labelOf(this.form, name);
      row.append(head);
      for (const value of [mine[name], theirs[name]]) {
        const cell = document.createElement("td");
        cell.textContent = [value ?? ""].flat().join(", ") || "–";
        row.append(cell);
      }
      return row;
    });
    need(dialog, "[data-conflict-rows]").replaceChildren(...rows);
    this.isConflicting = true;
    if (!dialog.open) dialog.showModal();
  }

  private askAgain(): void {
    if (this.isConflicting) need<HTMLDialogElement>(document, "#conflict").showModal();
  }

  private resolve(choice: "mine" | "theirs"): void {
    this.isConflicting = false;
    this.form.dispatchEvent(new CustomEvent("autosave:resolve", { detail: { choice } }));
    need<HTMLDialogElement>(document, "#conflict").close();
    if (choice === "theirs") window.location.reload();
    else this.flush();
  }

  private click(event: Event): void {
    const target = event.target as Element;
    const choice = target.closest<HTMLElement>("[data-conflict]")?.dataset["conflict"];
    if (choice === "mine" || choice === "theirs") this.resolve(choice);
    const chosen = target.closest<HTMLElement>("[data-choose]")?.dataset["choose"];
    if (chosen) this.choose(chosen);
    const goal = target.closest<HTMLElement>("[data-goto]")?.dataset["goto"];
    if (goal) {
      event.preventDefault();
      this.goTo(goal);
    }
  }

  private choose(id: string): void {
    const option = document.getElementById(id);
    if (!(option instanceof HTMLInputElement)) return;
    option.checked = true;
    option.dispatchEvent(new Event("input", { bubbles: true }));
    this.goTo(id);
    this.flush();
  }

  /** Brings a field up, on the tab of the form, and puts the cursor there. */
  goTo(id: string): void {
    document.getElementById("tab-form")?.click();
    const place = document.getElementById(id);
    const around = place?.closest<HTMLElement>(".ic-field") ?? place;
    const reasons = [...(around?.querySelectorAll<HTMLTextAreaElement>('textarea[name^="reasons["]') ?? [])];
    const reason = reasons.find((one) => !one.value.trim());
    const first = place?.querySelector<HTMLElement>("input:not([type=hidden]), select, textarea, button");
    const field = reason ?? (isControl(place) ? place : first);
    (field ?? place)?.focus();
    (field ?? place)?.scrollIntoView({ block: "center" });
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Enter" && event.ctrlKey) {
      document.getElementById("to-review")?.click();
      event.preventDefault();
      return;
    }
    const typing = isControl(event.target) || document.querySelector("dialog[open]");
    if (typing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.defaultPrevented) return;
    if (event.key === "f") document.getElementById("tab-form")?.click();
    else if (event.key === "e") this.goTo(this.nextCheck());
    else return;
    event.preventDefault();
  }

  private nextCheck(): string {
    return this.root.querySelector<HTMLElement>("[data-goto]")?.dataset["goto"] ?? "form";
  }
}

/** `<div data-room data-panel-url="URL">` around a form with autosave and parts `data-live="name"`. */
export function watchRooms(): void {
  onEach("[data-room]", (element) => void new Room(element));
}
