import { onEach } from "./dom";

/** Where an arrow key leads in a row of tabs; it wraps around. */
export function nextTab(key: string, at: number, length: number): number | null {
  if (key === "ArrowRight") return (at + 1) % length;
  if (key === "ArrowLeft") return (at - 1 + length) % length;
  if (key === "Home") return 0;
  if (key === "End") return length - 1;
  return null;
}

/** Tabs inside a page, by the ARIA pattern. Tabs that are links need no script. */
export function watchTabs(): void {
  onEach('[role="tablist"]', (list) => {
    const tabs = [...list.querySelectorAll<HTMLElement>('[role="tab"]')];
    const choose = (chosen: HTMLElement): void => {
      for (const tab of tabs) {
        const on = tab === chosen;
        tab.setAttribute("aria-selected", String(on));
        tab.tabIndex = on ? 0 : -1;
        const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
        panel?.toggleAttribute("hidden", !on);
      }
    };
    list.addEventListener("click", (event) => {
      const tab = (event.target as Element).closest<HTMLElement>('[role="tab"]');
      if (tab) choose(tab);
    });
    list.addEventListener("keydown", (event) => {
      const at = tabs.indexOf(document.activeElement as HTMLElement);
      const next = at < 0 ? null : nextTab(event.key, at, tabs.length);
      const tab = next === null ? undefined : tabs[next];
      if (!tab) return;
      event.preventDefault();
      choose(tab);
      tab.focus();
    });
    const selected = tabs.find((tab) => tab.getAttribute("aria-selected") === "true") ?? tabs[0];
    if (selected) choose(selected);
  });
}
