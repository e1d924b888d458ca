/** The first match inside a part of the page, or an error that names the selector. */
export function need<T extends Element>(root: ParentNode, selector: string): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`The page has no element for ${selector}`);
  return found;
}

/** An attribute that the markup must give, or an error that names it. */
export function needData(element: HTMLElement, name: string): string {
  const value = element.dataset[name];
  if (!value) throw new Error(`The element lacks its data attribute ${name}`);
  return value;
}

/** The token that Django asks of every request that writes. */
export function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

const ICONS = "http://www.w3.org/2000/svg";

/** An icon of the sprite, decorative, in one of the four sizes of the design. */
export function icon(name: string, size: "xs" | "s" | "" | "l" = ""): SVGSVGElement {
  const sprite = document.querySelector<HTMLMetaElement>('meta[name="icon-sprite"]')?.content ?? "";
  const svg = document.createElementNS(ICONS, "svg");
  svg.setAttribute("class", size ? `ic-i ${size}` : "ic-i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ICONS, "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

/** Runs a set-up for each match now and for each match that htmx brings in later. */
export function onEach(selector: string, setUp: (element: HTMLElement) => void): void {
  const seen = new WeakSet<Element>();
  const scan = (root: ParentNode): void => {
    const found = [...root.querySelectorAll<HTMLElement>(selector)];
    if (root instanceof HTMLElement && root.matches(selector)) found.unshift(root);
    for (const element of found) {
      if (seen.has(element)) continue;
      seen.add(element);
      setUp(element);
    }
  };
  scan(document);
  document.addEventListener("htmx:load", (event) => {
    if (event.target instanceof HTMLElement) scan(event.target);
  });
}
