import { announce } from "./announce";

/**
 * `data-take-over="NAME"` with `data-value`: writes a value into the control of that name in the same
 * form, as if the person had typed or chosen it.
 */
export function takeOver(button: HTMLElement): void {
  const name = button.dataset["takeOver"] ?? "";
  const value = button.dataset["value"] ?? "";
  const form = button.closest("form");
  if (!form) return;
  const controls = [...form.elements].filter(
    (one): one is HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement =>
      "name" in one && "value" in one && one.name === name,
  );
  const choice = controls.find((one) => one.type === "radio" && one.value === value);
  const control = choice ?? controls.find((one) => one.type !== "radio" && one.type !== "hidden");
  if (choice) (choice as HTMLInputElement).checked = true;
  else if (control) control.value = value;
  if (!control) return;
  control.dispatchEvent(new Event("input", { bubbles: true }));
  control.dispatchEvent(new Event("change", { bubbles: true }));
  control.focus();
  announce(`${value} taken over`);
}

export function watchTakeOvers(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element | null)?.closest<HTMLElement>("[data-take-over]");
    if (button) takeOver(button);
  });
}
