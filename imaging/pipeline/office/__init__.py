"""Office documents (docx, xlsx, pptx) as pages: what they show, and what they hide.

An Office document is a zip of XML parts (ISO/IEC 29500).  Its visible content is read part by part
and typeset anew; comments, tracked deletions, hidden text, rows, sheets and slides, speaker notes,
macros and embedded files are counted and searched for identity, and are in no page.  Nothing of the
document is executed, resolved or fetched.
"""

from imaging.pipeline.office.container import MAINS, OfficeUnusable, kind_of_names
from imaging.pipeline.office.content import Block, OfficeContent
from imaging.pipeline.office.pages import print_pages
from imaging.pipeline.office.reading import read_office

__all__ = [
    "MAINS",
    "Block",
    "OfficeContent",
    "OfficeUnusable",
    "kind_of_names",
    "print_pages",
    "read_office",
]
