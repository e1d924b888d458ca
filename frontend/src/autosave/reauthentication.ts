import { need, needData, onEach } from "../dom";
import { isLoginPage, pageAt, renewToken } from "./token";

/** What allauth answers to a form that was not accepted. */
interface Refusal {
  form?: { errors?: string[]; fields?: Record<string, { errors?: string[] }> };
  location?: string;
}

function wordsOf(refusal: Refusal): string {
  const fields = Object.values(refusal.form?.fields ?? {}).flatMap((field) => field.errors ?? []);
  return [...(refusal.form?.errors ?? []), ...fields].join(" ");
}

/**
 * Logs in again on the page, when the session ended while somebody typed. `autosave:expired` and
 * `session:ended` open the dialog; after it `session:renewed` tells the page to save what waits.
 */
class Reauthentication {
  private readonly form: HTMLFormElement;
  private readonly says: HTMLElement;
  private asksCode = false;

  constructor(private readonly dialog: HTMLDialogElement) {
    this.form = need<HTMLFormElement>(dialog, "form");
    this.says = need<HTMLElement>(dialog, "[data-reauthenticate-says]");
    document.addEventListener("autosave:expired", () => this.open());
    document.addEventListener("session:ended", () => this.open());
    document.addEventListener("visibilitychange", () => void this.look());
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.submit();
    });
  }

  private open(): void {
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** Somebody may have logged in again in another tab. */
  private async look(): Promise<void> {
    if (document.visibilityState === "visible" && this.dialog.open && (await renewToken())) this.done();
  }

  private say(text: string): void {
    need(this.says, "p").textContent = text;
    this.says.hidden = !text;
  }

  private async submit(): Promise<void> {
    this.say("");
    try {
      await (this.asksCode ? this.send(needData(this.dialog, "codeUrl")) : this.logIn());
    } catch {
      this.say("The server cannot be reached. What you typed is kept here; try again.");
    }
  }

  private async logIn(): Promise<void> {
    if (await renewToken()) return this.done();
    await this.send(needData(this.dialog, "loginUrl"));
  }

  private async send(url: string): Promise<void> {
    const { page } = await pageAt(url);
    const token = page.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";
    const body = new URLSearchParams({ csrfmiddlewaretoken: token });
    const names = this.asksCode ? ["code"] : ["login", "password"];
    for (const name of names) body.set(name, need<HTMLInputElement>(this.form, `[name=${name}]`).value);
    const answer = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      headers: { "X-Requested-With": "XMLHttpRequest", Accept: "application/json" },
      body,
    });
    await this.take(answer);
  }

  private async take(answer: Response): Promise<void> {
    const isJson = answer.headers.get("Content-Type")?.includes("json");
    const said = isJson ? ((await answer.json()) as Refusal) : {};
    if (answer.ok && said.location?.includes(needData(this.dialog, "codeUrl"))) return this.askCode();
    if (answer.ok && !isLoginPage(answer) && (await renewToken())) return this.done();
    const password = need<HTMLInputElement>(this.form, "[name=password]");
    password.value = "";
    this.say(wordsOf(said) || "You could not be logged in. What you typed is kept here.");
    (this.asksCode ? need<HTMLInputElement>(this.form, "[name=code]") : password).focus();
  }

  private askCode(): void {
    this.asksCode = true;
    need<HTMLElement>(this.dialog, "[data-reauthenticate-code]").hidden = false;
    need<HTMLElement>(this.dialog, "[data-reauthenticate-password]").hidden = true;
    need<HTMLInputElement>(this.form, "[name=code]").focus();
  }

  private done(): void {
    this.asksCode = false;
    need<HTMLElement>(this.dialog, "[data-reauthenticate-code]").hidden = true;
    need<HTMLElement>(this.dialog, "[data-reauthenticate-password]").hidden = false;
    this.form.querySelectorAll<HTMLInputElement>("[name=password], [name=code]").forEach((field) => {
      field.value = "";
    });
    this.say("");
    if (this.dialog.open) this.dialog.close();
    document.dispatchEvent(new CustomEvent("session:renewed"));
  }
}

/** `<dialog data-reauthenticate data-login-url="URL" data-code-url="URL">` with one form. */
export function watchReauthentication(): void {
  onEach("dialog[data-reauthenticate]", (element) => void new Reauthentication(element as HTMLDialogElement));
}
