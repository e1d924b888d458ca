"""DICOMweb (PS3.18) over the clean images: search, retrieval, rendering, storing.

``objects`` and ``values`` describe stored objects once, when they are stored; ``indexing`` keeps
what they found; the other modules answer requests from the index and from byte ranges of stored
objects. What a person may see is decided in ``scopes``; what of it a blinded person may see, in
``blinding``.
"""
