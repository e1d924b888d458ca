import { icon } from "./dom";

const SHOWN_MS = 6000;

export interface Toast {
  text: string;
  url?: string;
  action?: string;
}

/** Says a sentence to screen readers through the one live region of the page. */
export function announce(text: string): void {
  const region = document.getElementById("live");
  if (region) region.textContent = text;
}

/** Confirms a thing done: six seconds, at most one action, never the only trace. */
export function toast({ text, url, action }: Toast): void {
  const box = document.getElementById("toasts");
  if (!box) return;
  const note = document.createElement("div");
  note.className = "ic-toast";
  const words = document.createElement("span");
  words.textContent = text;
  note.append(icon("circle-check", "s"), words);
  if (url && action) {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = action;
    note.append(link);
  }
  box.append(note);
  leaveAfterReading(note);
}

/** Takes a toast away after its time; it stays while it is pointed at or holds the focus. */
export function leaveAfterReading(note: HTMLElement): void {
  const held = (): boolean => note.matches(":hover, :focus-within");
  const leave = (): void => {
    if (held()) window.setTimeout(leave, 1500);
    else note.remove();
  };
  window.setTimeout(leave, SHOWN_MS);
}

/** Shows server messages and the toasts that responses ask for by `HX-Trigger: toast`. */
export function watchToasts(): void {
  document.querySelectorAll<HTMLElement>("#toasts > .ic-toast").forEach(leaveAfterReading);
  document.body.addEventListener("toast", (event) => {
    const detail = (event as CustomEvent<Toast & { value?: string }>).detail;
    toast({ ...detail, text: detail.text ?? detail.value ?? "" });
  });
}
