import { onEach } from "../dom";

/** The upload part is loaded by the pages that have one. */
export function watchUploads(): void {
  onEach("[data-upload]", (root) => {
    void import("./panel").then(({ UploadPanel }) => new UploadPanel(root));
  });
}
