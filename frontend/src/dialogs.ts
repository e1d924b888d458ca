import { signatureTime } from "./wording";
import { onEach } from "./dom";

/**
 * Dialogs are native. `data-dialog-open="id"` opens one, `data-dialog-close` closes the one around
 * it, and the focus goes back to the opener. A dialog with `data-dialog-show` opens when it arrives.
 */
export function watchDialogs(): void {
  const openers = new WeakMap<HTMLDialogElement, HTMLElement>();
  const show = (dialog: HTMLDialogElement, opener: HTMLElement | null): void => {
    if (opener) openers.set(dialog, opener);
    if (!dialog.open) dialog.showModal();
  };
  document.addEventListener("click", (event) => {
    const target = event.target as Element;
    const opener = target.closest<HTMLElement>("[data-dialog-open]");
    if (opener && opener.getAttribute("aria-disabled") !== "true") {
      const dialog = document.getElementById(opener.dataset["dialogOpen"] ?? "");
      if (dialog instanceof HTMLDialogElement) show(dialog, opener);
    }
    target.closest("[data-dialog-close]")?.closest("dialog")?.close();
  });
  onEach("dialog.ic-dialog", (element) => {
    const dialog = element as HTMLDialogElement;
    dialog.addEventListener("close", () => {
      dialog.querySelectorAll<HTMLInputElement>("input[type=password]").forEach((field) => {
        field.value = "";
      });
      const opener = openers.get(dialog);
      // A dialog that came with its page was opened by nothing: the content is next.
      if (opener && opener !== document.body) opener.focus();
      else document.getElementById("main")?.focus();
    });
    if (dialog.hasAttribute("data-dialog-show")) {
      show(dialog, document.activeElement instanceof HTMLElement ? document.activeElement : null);
    }
  });
}

/** A clock that runs on from the server's time, so that a wrong clock on this computer is not shown. */
export function watchServerClocks(): void {
  onEach("time[data-server-clock]", (element) => {
    const start = Date.parse(element.getAttribute("datetime") ?? "");
    const offset = Number(element.dataset["offset"] ?? "0");
    if (Number.isNaN(start)) return;
    const shownAt = performance.now();
    const timer = window.setInterval(() => {
      if (!element.isConnected) return window.clearInterval(timer);
      const moment = new Date(start + performance.now() - shownAt);
      element.textContent = signatureTime(moment, offset);
    }, 1000);
  });
}
