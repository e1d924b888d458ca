/**
 * Something chosen: a file, or a member of a zip. Plain data, so that workers can take it; nothing of
 * it is read before it is needed.
 */
export interface Source {
  /** Where it lies in what was chosen. It never leaves this computer: names carry identity. */
  path: string;
  /** Size in bytes after opening. */
  size: number;
  /** The file itself, or the compressed bytes of a zip's member. */
  blob: Blob;
  /** 0: `blob` is the content; 8: it is compressed by DEFLATE (APPNOTE.TXT 4.4.5). */
  method: 0 | 8;
  /** Lies in a zip: another archive in there is not opened. */
  inZip?: boolean;
}

export function sourceOf(file: File, path: string): Source {
  return { path, size: file.size, blob: file, method: 0 };
}

/** The last part of a path. */
export function nameOf(source: Source): string {
  return source.path.split("/").at(-1) ?? source.path;
}
