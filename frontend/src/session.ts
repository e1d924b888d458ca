import { onEach } from "./dom";

/** Whole seconds of warning that are left, and whether the warning must be on the page. */
export function warning(endsAtMs: number, nowMs: number, leadMs: number): { show: boolean; seconds: number } {
  const left = endsAtMs - nowMs;
  return { show: left <= leadMs, seconds: Math.max(0, Math.ceil(left / 1000)) };
}

/** 90 becomes "1 min 30 s". */
export function words(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const rest = seconds % 60;
  return rest ? `${Math.floor(seconds / 60)} min ${rest} s` : `${seconds / 60} min`;
}

/** What a page asks by itself keeps no session alive on the server, so it does not here either. */
function isBackground(event: Event): boolean {
  const detail = (event as CustomEvent<{ requestConfig?: { headers?: Record<string, string> } } | null>).detail;
  return detail?.requestConfig?.headers?.["X-Background"] !== undefined;
}

/**
 * Warns two minutes before the idle limit ends the session; any key or click extends it by one
 * request to `data-extend-url`. `data-seconds` is what the server says is left at page load.
 */
export function watchSession(): void {
  onEach("[data-session-warning]", (box) => {
    const lead = 120_000;
    const length = Number(box.dataset["seconds"]) * 1000;
    if (!(length > 0)) return;
    let endsAt = Date.now() + length;
    const text = box.querySelector<HTMLElement>("[data-session-left]");
    const extend = async (): Promise<void> => {
      if (box.hidden) return;
      box.hidden = true;
      const answer = await fetch(box.dataset["extendUrl"] ?? "", { credentials: "same-origin" });
      if (answer.ok) endsAt = Date.now() + length;
    };
    for (const sign of ["htmx:afterRequest", "autosave:saved", "session:renewed"]) {
      document.addEventListener(sign, (event) => {
        if (!isBackground(event)) endsAt = Date.now() + length;
      });
    }
    document.addEventListener("keydown", () => void extend());
    box.addEventListener("click", () => void extend());
    window.setInterval(() => {
      const { show, seconds } = warning(endsAt, Date.now(), lead);
      // A page on which one can log in again keeps what was typed; any other is opened anew.
      const inPlace = document.querySelector("dialog[data-reauthenticate]") !== null;
      if (show && seconds === 0 && inPlace) document.dispatchEvent(new CustomEvent("session:ended"));
      else if (show && seconds === 0) window.location.reload();
      box.hidden = !show;
      if (text) text.textContent = words(seconds);
    }, 1000);
  });
}
