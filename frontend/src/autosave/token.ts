/** Whether a request was answered by the log-in page, because the session has ended. */
export function isLoginPage(answer: Response): boolean {
  return answer.redirected && new URL(answer.url).pathname.startsWith("/accounts/login");
}

/** A page of this site, as the present session gets it. */
export async function pageAt(url: string): Promise<{ answer: Response; page: Document }> {
  const answer = await fetch(url, { credentials: "same-origin" });
  return { answer, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
}

/**
 * Takes the token of this page's present session into its meta element and its forms; a log-in
 * changes the token. False when nobody is logged in.
 */
export async function renewToken(): Promise<boolean> {
  const { answer, page } = await pageAt(window.location.href);
  const fresh = page.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content;
  if (isLoginPage(answer) || !fresh) return false;
  const meta = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]');
  if (meta) meta.content = fresh;
  const shared = page.body.getAttribute("hx-headers");
  if (shared) document.body.setAttribute("hx-headers", shared);
  document.querySelectorAll<HTMLInputElement>("input[name=csrfmiddlewaretoken]").forEach((field) => {
    field.value = fresh;
  });
  return true;
}
