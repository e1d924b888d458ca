// Copies the libraries that pages load as they are: no bundling, no change.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dirname, join } from "node:path";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "ui", "static", "ui");
const vendor = join(out, "vendor");
mkdirSync(vendor, { recursive: true });

const library = (path) => join(here, "node_modules", path);

/** A comment that names a source map nobody ships breaks the hashing of static files. */
function copyWithoutSourceMap(from, to) {
  const text = readFileSync(library(from), "utf8");
  writeFileSync(join(vendor, to), text.replace(/\n?(\/\*|\/\/)# sourceMappingURL=[^\n]*\n?/g, "\n"));
}

copyWithoutSourceMap("@tabler/core/dist/css/tabler.min.css", "tabler.min.css");
copyWithoutSourceMap("@tabler/core/dist/js/tabler.min.js", "tabler.min.js");
copyWithoutSourceMap("htmx.org/dist/htmx.min.js", "htmx.min.js");
cpSync(library("htmx.org/LICENSE"), join(vendor, "LICENSE-htmx.txt"));
cpSync(library("@fontsource-variable/inter/LICENSE"), join(vendor, "LICENSE-inter.txt"));
cpSync(library("@fontsource/ibm-plex-mono/LICENSE"), join(vendor, "LICENSE-plex-mono.txt"));
cpSync(join(here, "src", "icons.svg"), join(out, "icons.svg"));
cpSync(join(here, "src", "mark.svg"), join(out, "mark.svg"));
