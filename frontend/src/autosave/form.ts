import { csrfToken, icon, needData, onEach } from "../dom";
import { timeOfDay } from "../wording";
import { type Answer, type Kept, SaveQueue, type State, type Value, type Values } from "./queue";
import { isLoginPage, renewToken } from "./token";

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** The value of a field as the server gets it; boxes and lists of one name come together. */
export function valueOf(form: HTMLFormElement, name: string): Value {
  const data = new FormData(form).getAll(name).filter((one) => typeof one === "string");
  const many = form.querySelectorAll(`[name="${CSS.escape(name)}"][type="checkbox"]`).length > 1;
  return many || data.length > 1 ? data : (data[0] ?? "");
}

/** Sentence, tone and icon of each state, as the design writes them. */
export function say(state: State, offset: number): { text: string; tone: string; icon: string } | null {
  switch (state.kind) {
    case "idle":
      return null;
    case "saving":
      return { text: "Saving", tone: "idle", icon: "loader-2" };
    case "saved":
      return { text: `Saved ${timeOfDay(state.at, offset)}`, tone: "good", icon: "cloud-check" };
    case "offline": {
      const kept = state.kept === 1 ? "1 change" : `${state.kept} changes`;
      return { text: `Offline, ${kept} kept here`, tone: "wait", icon: "cloud-off" };
    }
    case "expired": {
      const kept = state.kept === 1 ? "1 change" : `${state.kept} changes`;
      return { text: `Session ended, ${kept} kept here`, tone: "stop", icon: "lock" };
    }
    case "conflict":
      return { text: "Changed in another tab", tone: "stop", icon: "git-merge" };
    case "refused":
      return { text: state.message, tone: "stop", icon: "alert-octagon" };
  }
}

function send(url: string, values: Values, version: string): Promise<Response> {
  return fetch(url, {
    method: "POST",
    credentials: "same-origin",
    keepalive: true,
    headers: {
      "Content-Type": "application/json",
      "X-CSRFToken": csrfToken(),
      "If-Match": `"${version}"`,
    },
    body: JSON.stringify({ values }),
  });
}

async function post(url: string, values: Values, version: string): Promise<Answer> {
  try {
    let answer = await send(url, values, version);
    // Logging in again elsewhere changes the token of this page: once a new one is fetched.
    if (answer.status === 403 && !isJson(answer) && (await renewToken())) {
      answer = await send(url, values, version);
    }
    if (answer.status === 401 || isLoginPage(answer)) return { kind: "expired" };
    if (answer.status >= 500) return { kind: "offline" };
    const body = (await answer.json()) as Record<string, unknown>;
    if (answer.ok) {
      const savedAt = new Date(String(body["saved_at"] ?? Date.now()));
      return { kind: "saved", version: String(body["version"]), savedAt };
    }
    if (answer.status === 409 || answer.status === 412) {
      const theirs = (body["values"] ?? {}) as Values;
      const fixed = body["fixed"] === true;
      return { kind: "conflict", version: String(body["version"]), theirs, fixed };
    }
    return { kind: "refused", message: String(body["detail"] ?? "Not saved. Reload the page.") };
  } catch {
    return { kind: "offline" };
  }
}

function isJson(answer: Response): boolean {
  return answer.headers.get("Content-Type")?.includes("json") ?? false;
}

function render(box: HTMLElement, state: State, offset: number): void {
  const said = say(state, offset);
  box.replaceChildren();
  box.dataset["state"] = state.kind;
  if (!said) return;
  const flag = document.createElement("span");
  flag.className = "ic-flag";
  flag.dataset["tone"] = said.tone;
  const picture = icon(said.icon, "xs");
  if (state.kind === "saving") picture.classList.add("ic-spin");
  flag.append(picture, said.text);
  box.append(flag);
}

/** Values that the last page could not send, kept for this tab under the form's address. */
function memory(url: string): { load(): Kept | null; keep(kept: Kept): void } {
  const key = `autosave:${url}`;
  return {
    load: () => JSON.parse(sessionStorage.getItem(key) ?? "null") as Kept | null,
    keep: (kept) => {
      if (Object.keys(kept.values).length) sessionStorage.setItem(key, JSON.stringify(kept));
      else sessionStorage.removeItem(key);
    },
  };
}

/**
 * Sends the whole form: it waits for a save under way, drops the saves that wait (their values are in
 * the form) and states the version that the last save made, so that nobody conflicts with themselves.
 */
function sendWhole(form: HTMLFormElement, queue: SaveQueue, event: SubmitEvent, forget: () => void): void {
  // Elsewhere a submit may only add a row: the page decides, and what waits must still be saved.
  if (!("autosaveWhole" in form.dataset)) return;
  if (queue.isSaving) {
    event.preventDefault();
    const wait = window.setInterval(() => {
      if (queue.isSaving) return;
      window.clearInterval(wait);
      form.requestSubmit(event.submitter);
    }, 50);
    return;
  }
  queue.drop();
  forget();
  const version = form.elements.namedItem("version");
  if (version instanceof HTMLInputElement) version.value = queue.known;
}

/**
 * `<form data-autosave="URL" data-version="7" data-offset="60">` saves each changed field.
 * The state stands in the element that `data-autosave-status="id"` names; a conflict also raises
 * the event `autosave:conflict` with both sets of values, and the choice comes back as
 * `autosave:resolve` with `{choice: "mine" | "theirs"}`.
 */
export function watchAutosave(): void {
  onEach("form[data-autosave]", (element) => {
    const form = element as HTMLFormElement;
    const url = needData(form, "autosave");
    const offset = Number(form.dataset["offset"] ?? "0");
    const status = document.getElementById(form.dataset["autosaveStatus"] ?? "");
    const kept = memory(url);
    const queue = new SaveQueue(
      needData(form, "version"),
      (values, version) => post(url, values, version),
      (state) => {
        if (status) render(status, state, offset);
        kept.keep(queue.unsaved);
        const detail = state;
        form.dispatchEvent(new CustomEvent(`autosave:${state.kind}`, { bubbles: true, detail }));
      },
      {
        now: () => Date.now(),
        set: (run, ms) => window.setTimeout(run, ms),
        clear: (id) => window.clearTimeout(id),
      },
    );
    const changed = (event: Event): void => {
      const field = event.target as Field;
      const skipped = !field.name || field.type === "password" || field.type === "file";
      if (skipped) return;
      queue.change(field.name, valueOf(form, field.name));
      kept.keep(queue.unsaved);
    };
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    form.addEventListener("autosave:resolve", (event) => {
      queue.resolve((event as CustomEvent<{ choice: "mine" | "theirs" }>).detail.choice);
    });
    // A part of the form that was asked for before something was typed would overwrite it, saved meanwhile
    // or not. The page keeps what it shows; the save of what was typed draws that part again.
    let asked = queue.known;
    form.addEventListener("htmx:beforeRequest", () => (asked = queue.known));
    form.addEventListener("htmx:beforeSwap", (event) => {
      const isOld = queue.waiting > 0 || queue.isSaving || queue.known !== asked;
      if (isOld) (event as CustomEvent<{ shouldSwap: boolean }>).detail.shouldSwap = false;
    });
    const forget = (): void => kept.keep({ version: queue.known, values: {} });
    form.addEventListener("submit", (event) => sendWhole(form, queue, event as SubmitEvent, forget));
    window.addEventListener("online", () => void queue.flush());
    document.addEventListener("session:renewed", () => void queue.flush());
    // Leaving sends what waits; coming back tries again what could not be sent.
    document.addEventListener("visibilitychange", () => void queue.flush());
    const before = kept.load();
    if (before) queue.takeUp(before);
  });
}
