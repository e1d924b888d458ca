import type { Opened } from "./facts";
import type { SitePlan } from "./plan";

/**
 * Why a file is not sent: what the browser cannot decide, because a person or character
 * recognition must look. Empty when it may go. The rules are those of the server's
 * `deidentify/holds.py`; where the server looks at pixels of every image, the browser cannot.
 */
export function whyNotSent(opened: Opened, plan: SitePlan): string {
  const { holds, assigned_uids } = plan;
  const { sopClass, modality } = opened;
  const hasPixels = opened.pixels !== null;
  if (!(sopClass in assigned_uids) || !sopClass.startsWith(holds.storage)) return "unknown_object";
  if (sopClass.startsWith(holds.encapsulated)) return "encapsulated_document";
  if (sopClass.startsWith(holds.reports) || modality === "SR") return "report_text";
  if (opened.burnedIn === "YES") return "declared_burned_in";
  if (opened.overlayInBits && hasPixels) return "overlay_in_pixel_bits";
  const words = opened.imageType.slice(2).join(" ");
  if (hasPixels && holds.capture_words.some((word) => words.includes(word))) return "screen_capture";
  const capture = sopClass === holds.secondary_capture || sopClass.startsWith(`${holds.secondary_capture}.`);
  const picture = holds.pictures.some((start) => sopClass.startsWith(start));
  if (hasPixels && (holds.always.includes(modality) || capture || picture)) return "always_looked_at";
  const isNoPicture = holds.without_image.includes(modality) && holds.not_pictures.includes(sopClass);
  const judged = holds.sampled.includes(modality) || isNoPicture;
  return hasPixels && !judged ? "pixels_not_judged" : "";
}
