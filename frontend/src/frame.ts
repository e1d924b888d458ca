import { announce } from "./announce";

/** The drawer that holds the side menu on narrow screens. */
function watchDrawer(): void {
  const button = document.querySelector<HTMLButtonElement>("[data-menu-button]");
  const menu = document.getElementById("side-menu");
  if (!button || !menu) return;
  const set = (open: boolean): void => {
    menu.toggleAttribute("data-open", open);
    button.setAttribute("aria-expanded", String(open));
    if (open) menu.querySelector<HTMLElement>("a")?.focus();
  };
  button.addEventListener("click", () => set(!menu.hasAttribute("data-open")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.hasAttribute("data-open")) return;
    set(false);
    button.focus();
  });
  document.addEventListener("click", (event) => {
    const target = event.target as Node;
    if (menu.hasAttribute("data-open") && !menu.contains(target) && !button.contains(target)) {
      set(false);
    }
  });
}

/** Groups of the side menu open and fold; the server keeps it for this person's next pages. */
function watchMenuGroups(): void {
  const menu = document.getElementById("side-menu");
  menu?.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLButtonElement>("[data-menu-group]");
    const list = document.getElementById(button?.getAttribute("aria-controls") ?? "");
    if (!button || !list) return;
    list.hidden = !list.hidden;
    button.setAttribute("aria-expanded", String(!list.hidden));
    const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
    const chosen = { group: button.dataset["menuGroup"] ?? "", open: list.hidden ? "no" : "yes" };
    // A choice that is not kept (no connection) is lost with this page and does no harm.
    void fetch(menu.dataset["foldUrl"] ?? "", {
      method: "POST",
      body: new URLSearchParams(chosen),
      headers: { "X-CSRFToken": token },
      credentials: "same-origin",
      keepalive: true,
    }).catch(() => undefined);
  });
}

/** Pull-down menus close by Escape, by a click outside and when the focus leaves. */
function watchMenus(): void {
  const close = (menu: HTMLDetailsElement): void => {
    menu.open = false;
  };
  const open = (): HTMLDetailsElement[] => [
    ...document.querySelectorAll<HTMLDetailsElement>("details.ic-menu[open]"),
  ];
  document.addEventListener("click", (event) => {
    for (const menu of open()) if (!menu.contains(event.target as Node)) close(menu);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of open()) {
      close(menu);
      menu.querySelector<HTMLElement>("summary")?.focus();
    }
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of open()) if (!menu.contains(event.target as Node)) close(menu);
  });
}

/** Light or dark, kept in a cookie so that the server writes it into the next page. */
function watchTheme(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-set-theme]");
    if (!button) return;
    const theme = button.dataset["setTheme"] === "dark" ? "dark" : "light";
    const secure = window.location.protocol === "https:" ? ";Secure" : "";
    document.cookie = `icro_theme=${theme};path=/;max-age=31536000;SameSite=Lax${secure}`;
    document.documentElement.dataset["bsTheme"] = theme;
    for (const one of document.querySelectorAll<HTMLElement>("[data-set-theme]")) {
      one.setAttribute("aria-pressed", String(one.dataset["setTheme"] === theme));
    }
    announce(theme === "dark" ? "Dark colours on" : "Light colours on");
  });
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select"))
  );
}

/** Control K, or a slash in lists, goes to the search box. */
function watchSearchKeys(): void {
  const input = document.querySelector<HTMLInputElement>(".ic-search input");
  if (!input) return;
  document.addEventListener("keydown", (event) => {
    const chord = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    const slash = event.key === "/" && !isTyping(event.target) && !event.ctrlKey && !event.altKey;
    if (!chord && !slash) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}

/** J and K move between the rows of a list, Enter follows the link that has the focus. */
function watchListKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    const step = { j: 1, k: -1 }[event.key.toLowerCase()];
    const list = document.querySelector<HTMLElement>("[data-list-keys]");
    if (!step || !list) return;
    const links = [...list.querySelectorAll<HTMLElement>("[data-list-link]")];
    const at = links.indexOf(document.activeElement as HTMLElement);
    links[Math.min(links.length - 1, Math.max(0, at + step))]?.focus();
  });
}

/** Puts the focus on an error summary and carries it on to the field of a chosen error. */
export function focusErrorSummary(root: ParentNode): void {
  root.querySelector<HTMLElement>("[data-error-summary]")?.focus();
}

export function watchFrame(): void {
  watchDrawer();
  watchMenuGroups();
  watchMenus();
  watchTheme();
  watchSearchKeys();
  watchListKeys();
  focusErrorSummary(document);
  document.addEventListener("htmx:load", (event) => {
    if (event.target instanceof HTMLElement) focusErrorSummary(event.target);
  });
}
