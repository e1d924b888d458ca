import type { Piece } from "./elements";
import type { SitePlan } from "./plan";
import { encode, encodeItems, joined, utf8 } from "./writing";

const TEXT_TAGS: [number, string][] = [
  [0x00120010, "LO"], [0x00120020, "LO"], [0x00120021, "LO"], [0x00120030, "LO"],
  [0x00120031, "LO"], [0x00120040, "LO"], [0x00120050, "LO"], [0x00120060, "LO"],
];
const ALWAYS = [
  ...TEXT_TAGS.map(([tag]) => tag),
  0x00080005, 0x00100010, 0x00100020, 0x00120052, 0x00120053, 0x00120062, 0x00120063, 0x00120064,
  0x00280303,
];

/** Attributes of the top level that are replaced whatever came in. */
export function writtenTags(plan: SitePlan): ReadonlySet<number> {
  return new Set(plan.subject.time_point_description ? [...ALWAYS, 0x00120051] : ALWAYS);
}

/**
 * What the engine itself writes: Clinical Trial modules (PS3.3 C.7.1.3, C.7.2.3, C.7.3.2), method
 * codes (CID 7050), Patient Identity Removed and Longitudinal Temporal Information Modified.
 */
export function trialElements(plan: SitePlan, explicit: boolean): Piece[] {
  const { subject, trial } = plan;
  const write = (tag: number, vr: string, text: string): Piece => [tag, encode(tag, vr, utf8(text), explicit)];
  const values = [
    trial.sponsor_name, trial.protocol_id, trial.protocol_name, subject.site_id, trial.site_name,
    subject.subject_id, subject.time_point_id, trial.coordinating_center_name,
  ];
  const out: Piece[] = [
    write(0x00080005, "CS", "ISO_IR 192"),
    write(0x00100010, "PN", subject.subject_id),
    write(0x00100020, "LO", subject.subject_id),
    write(0x00120062, "CS", "YES"),
    write(0x00120063, "LO", plan.profile.method),
    [0x00120064, methodCodes(plan, explicit)],
    write(0x00280303, "CS", "MODIFIED"),
    ...TEXT_TAGS.map(([tag, vr], i) => write(tag, vr, values[i] as string)),
  ];
  if (subject.time_point_description) out.push(write(0x00120051, "ST", subject.time_point_description));
  if (subject.offset_from_event !== null) {
    const days = new Uint8Array(8);
    new DataView(days.buffer).setFloat64(0, subject.offset_from_event, true);
    out.push([0x00120052, encode(0x00120052, "FD", days, explicit)]);
    out.push(write(0x00120053, "CS", subject.event_type));
  }
  return out.sort(([one], [other]) => one - other);
}

function methodCodes(plan: SitePlan, explicit: boolean): Uint8Array {
  const contents = plan.profile.methods.map(([code, meaning]) =>
    joined([
      encode(0x00080100, "SH", utf8(code), explicit),
      encode(0x00080102, "SH", utf8("DCM"), explicit),
      encode(0x00080104, "LO", utf8(meaning.slice(0, 64)), explicit),
    ]),
  );
  return encodeItems(0x00120064, contents, explicit);
}
