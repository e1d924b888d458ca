import { onEach } from "./dom";

/**
 * `<form data-keep="NAME">` sends itself whenever a field was changed, with `then=NAME`: what was
 * typed is there when another part of the page, say an upload, leads on. What the server refuses is
 * said when the form is sent by its button.
 */
export function watchKeptForms(): void {
  onEach("form[data-keep]", (element) => {
    const form = element as HTMLFormElement;
    form.addEventListener("change", () => {
      const typed = new FormData(form);
      typed.set("then", form.dataset["keep"] ?? "");
      void fetch(form.action, {
        method: "POST",
        body: typed,
        credentials: "same-origin",
        keepalive: true,
        redirect: "manual",
      }).catch(() => undefined);
    });
  });
}
