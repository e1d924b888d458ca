type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** The controls of a field that hold its answer. */
function answersOf(field: HTMLElement): Control[] {
  return [...field.querySelectorAll<Control>('[name^="answers["]')];
}

function isChoice(control: Control): control is HTMLInputElement {
  return control instanceof HTMLInputElement && ["radio", "checkbox"].includes(control.type);
}

/** Whether a needed field has no answer yet. */
export function isOpen(field: HTMLElement): boolean {
  const needed = field.querySelector(":scope > legend .ic-required, :scope > label .ic-required");
  if (!needed) return false;
  const absence = field.querySelector<HTMLSelectElement>('select[name^="absence["]');
  if (absence?.value) return false;
  const controls = answersOf(field);
  if (!controls.length) return false;
  return controls.every((one) => (isChoice(one) ? !one.checked : !one.value.trim()));
}

/** The control of a field that takes the keys: what is chosen, else the first. */
export function entryOf(field: HTMLElement): Control | null {
  const controls = answersOf(field);
  return controls.find((one) => isChoice(one) && one.checked) ?? controls[0] ?? null;
}

/** The next needed field without an answer after an element, else the first on the form. */
export function nextOpen(form: HTMLElement, after: Element | null): HTMLElement | null {
  const open = [...form.querySelectorAll<HTMLElement>(".ic-field")].filter(isOpen);
  const later = open.find(
    (field) => after && after.compareDocumentPosition(field) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  return later ?? open[0] ?? null;
}

/** The option that a digit stands for by its place, or a letter by its first word. */
export function optionFor(field: HTMLElement, key: string): HTMLInputElement | null {
  const options = answersOf(field).filter(isChoice);
  if (/^[1-9]$/.test(key)) return options[Number(key) - 1] ?? null;
  if (!/^\p{L}$/u.test(key)) return null;
  const begins = (one: HTMLInputElement): boolean =>
    (one.labels?.[0]?.textContent ?? "").trim().toLowerCase().startsWith(key.toLowerCase());
  return options.find(begins) ?? null;
}

/** Chooses the first option of a list whose words begin as typed. */
export function pick(list: HTMLSelectElement, typed: string): boolean {
  const wanted = typed.trim().toLowerCase();
  const found = [...list.options].find((one) => one.value && one.text.trim().toLowerCase().startsWith(wanted));
  if (!found || !wanted) return false;
  list.value = found.value;
  return true;
}
