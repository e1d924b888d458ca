"""Making an eCRF without programming: a form document in fields, in words, and back.

Pure: no Django, no database. ``outline`` finds and moves the parts of a document, ``rules`` turns
conditions and derivations into rows of choices, ``wording`` says them in words, ``editing`` fills
the fields of one part and reads them back, ``proofs`` names what is wrong and where, ``probing``
finds answers with which each edit check fires and stays silent, ``annotations`` lists items with
their CDISC targets.
"""
