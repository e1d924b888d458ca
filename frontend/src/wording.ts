const MINUS = "\u2212";

/** 1,204 with the real minus sign. */
export function count(value: number): string {
  return value.toLocaleString("en-GB").replace("-", MINUS);
}

/** Bytes in the unit a person would name: 9 kB, 319 MB, 1.2 GB (powers of 1,000). */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let scaled = value / 1000;
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  const digits = scaled < 10 && unit > 0 ? 1 : 0;
  return `${scaled.toFixed(digits)} ${units[unit]}`;
}

/** Time left in words: 8 s, 6 min, 1 h 20 min. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "time left not known yet";
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Offset from UTC in minutes, written (UTC+1), (UTC+5:30), (UTC−3) or (UTC). */
export function zone(offsetMinutes: number): string {
  if (offsetMinutes === 0) return "(UTC)";
  const sign = offsetMinutes < 0 ? MINUS : "+";
  const size = Math.abs(offsetMinutes);
  const rest = size % 60;
  const hours = Math.floor(size / 60);
  return rest ? `(UTC${sign}${hours}:${String(rest).padStart(2, "0")})` : `(UTC${sign}${hours})`;
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const two = (value: number): string => String(value).padStart(2, "0");

/** 14:03:22 (UTC+1): the moment shown at a fixed offset from UTC. */
export function timeOfDay(moment: Date, offsetMinutes: number): string {
  const shifted = new Date(moment.getTime() + offsetMinutes * 60_000);
  const clock = [shifted.getUTCHours(), shifted.getUTCMinutes(), shifted.getUTCSeconds()];
  return `${clock.map(two).join(":")} ${zone(offsetMinutes)}`;
}

/** 05 Mar 2026 14:03:22 (UTC+1), as signatures need it. */
export function signatureTime(moment: Date, offsetMinutes: number): string {
  const shifted = new Date(moment.getTime() + offsetMinutes * 60_000);
  const day = `${two(shifted.getUTCDate())} ${MONTHS[shifted.getUTCMonth()]} ${shifted.getUTCFullYear()}`;
  return `${day} ${timeOfDay(moment, offsetMinutes)}`;
}
