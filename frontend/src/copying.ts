import { announce } from "./announce";

/** `data-copy="text"` copies a code or hash that the page shows shortened. */
export function watchCopyButtons(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-copy]");
    const text = button?.dataset["copy"];
    if (!text) return;
    void navigator.clipboard.writeText(text).then(() => announce("Copied"));
  });
}
