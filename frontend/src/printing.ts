/** `data-print` opens the browser's print dialog for the page as it is. */
export function watchPrintButtons(): void {
  document.addEventListener("click", (event) => {
    if ((event.target as Element).closest("[data-print]")) window.print();
  });
}
