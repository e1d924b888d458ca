import { need } from "../dom";

/** The elements of an upload, by their `data-upload-` names; some stand beside the panel on its page. */
export class Parts {
  constructor(readonly root: HTMLElement) {}

  maybe(name: string): HTMLElement | null {
    const selector = `[data-upload-${name}]`;
    return this.root.querySelector<HTMLElement>(selector) ?? document.querySelector<HTMLElement>(selector);
  }

  of(name: string): HTMLElement {
    const found = this.maybe(name);
    if (!found) throw new Error(`The page has no element for data-upload-${name}`);
    return found;
  }

  /** Shows some elements and hides others. */
  show(shown: readonly string[], hidden: readonly string[] = []): void {
    for (const name of shown) this.of(name).hidden = false;
    for (const name of hidden) this.of(name).hidden = true;
  }

  input(kind: string): HTMLInputElement {
    return need<HTMLInputElement>(this.root, `input[data-kind="${kind}"]`);
  }

  /** Tells what is dropped anywhere on the page: a folder beside the zone must not open in the tab. */
  watchDrop(take: (dropped: DataTransfer) => void): void {
    const zone = this.of("drop");
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      zone.toggleAttribute("data-over", true);
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) zone.removeAttribute("data-over");
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.removeAttribute("data-over");
      if (event.dataTransfer) take(event.dataTransfer);
    });
  }
}
