/** What the server hands out for one submission (`imaging.pipeline.site_cleaning.site_plan`). */
export interface SitePlan {
  profile: {
    name: string;
    version: number;
    digest: string;
    method: string;
    methods: [string, string][];
    age_cap: number;
  };
  engine: string;
  dictionary: Record<string, string>;
  actions: Record<string, string[]>;
  identity: Record<string, string>;
  private_safe: [string, number, number, string][];
  vocabulary: string;
  makers: string;
  names: string;
  meanings: string[];
  assigned_uids: Record<string, string>;
  holds: {
    always: string[];
    sampled: string[];
    without_image: string[];
    not_pictures: string[];
    secondary_capture: string;
    encapsulated: string;
    pictures: string[];
    storage: string;
    reports: string;
    capture_words: string[];
  };
  unjudged: "not_sent" | "server_holds";
  subject: {
    subject_id: string;
    site_id: string;
    time_point_id: string;
    time_point_description: string;
    offset_from_event: number | null;
    event_type: string;
  };
  trial: {
    sponsor_name: string;
    protocol_id: string;
    protocol_name: string;
    site_name: string;
    coordinating_center_name: string;
  };
  /** Hexadecimal; belongs to this subject alone. Kept in memory, never stored. */
  key: string;
  offset_days: number;
}

/** A plan ready for look-ups. An attribute without an action is removed. */
export class Rules {
  readonly vrs = new Map<number, string[]>();
  readonly actions = new Map<number, string>();
  readonly identity = new Map<number, string>();
  readonly privateSafe = new Map<string, string>();
  readonly vocabulary: ReadonlySet<string>;
  readonly makers: ReadonlySet<string>;
  readonly names: ReadonlySet<string>;
  readonly meanings: ReadonlySet<string>;
  /** Every known word in one text: a part of a name that lies in none of them is no word. */
  readonly knownWords: string;
  readonly assigned: ReadonlySet<string>;

  constructor(readonly plan: SitePlan) {
    for (const [tag, vr] of Object.entries(plan.dictionary)) {
      this.vrs.set(Number.parseInt(tag, 16), vr.split(" or "));
    }
    for (const [action, tags] of Object.entries(plan.actions)) {
      for (const tag of tags) this.actions.set(Number.parseInt(tag, 16), action);
    }
    for (const [tag, kind] of Object.entries(plan.identity)) {
      this.identity.set(Number.parseInt(tag, 16), kind);
    }
    for (const [creator, group, element, vr] of plan.private_safe) {
      this.privateSafe.set(`${creator}\x1f${group}\x1f${element}`, vr);
    }
    this.vocabulary = new Set(plan.vocabulary.split(" "));
    this.makers = new Set(plan.makers.split(" "));
    this.names = new Set(plan.names.split(" "));
    this.meanings = new Set(plan.meanings);
    this.knownWords = [...new Set([...this.vocabulary, ...this.makers])].sort().join(" ");
    this.assigned = new Set(Object.keys(plan.assigned_uids));
  }

  knows(tag: number): boolean {
    return this.vrs.has(tag);
  }

  /** The VR of an attribute as the data dictionary gives it, `UN` when unknown. */
  vrOf(tag: number): string {
    if (tag % 0x10000 === 0) return "UL";
    const known = this.vrs.get(tag);
    if (!known) {
      const number = tag % 0x10000;
      return isPrivate(tag) && number >= 0x10 && number <= 0xff ? "LO" : "UN";
    }
    return CHOICES[known.join(" or ")] ?? (known[0] as string);
  }
}

const CHOICES: Record<string, string> = {
  "US or SS": "US",
  "OB or OW": "OW",
  "US or OW": "OW",
  "US or SS or OW": "OW",
  NONE: "UN",
};

/** Private attributes have an odd group (PS3.5 7.8). */
export function isPrivate(tag: number): boolean {
  return Math.floor(tag / 0x10000) % 2 === 1;
}
