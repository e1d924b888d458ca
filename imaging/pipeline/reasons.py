"""Reason codes of receipt and de-identification, each with the sentence a site or analyst reads.

A sentence says what was found and what to do; it never repeats a value of the file.
"""

from __future__ import annotations

from typing import Final

SENTENCES: Final[dict[str, str]] = {
    # package
    "empty_file": "The file is empty. It was left out.",
    "not_dicom": "The file is not a DICOM image. It was left out.",
    "dicomdir": "The file is a CD index (DICOMDIR). It is not needed and was left out.",
    "archive_in_archive": "An archive lies inside the archive. Send its files directly.",
    "archive_not_opened": "The file is an archive inside a folder. Send its files directly.",
    "archive_encrypted": "The archive is protected by a password. Send it without a password.",
    "archive_broken": "The archive cannot be read. Make it again and send it again.",
    "archive_ratio": "The archive grows too much when opened. Send the files directly.",
    "archive_member_lies": "A file in the archive is larger than the archive says.",
    "too_many_files": "There are more files than one submission may hold.",
    "too_many_bytes": "The files are larger than one submission may hold.",
    "file_too_large": "The file is larger than one file may be.",
    "special_file": "The entry is a link or device, not a file. It was left out.",
    "link_outside": (
        "The entry is a link to a place outside the folder, or to nothing. Links are not followed: "
        "copy what it stands for into the folder."
    ),
    "unreadable": "The file cannot be read from the disk.",
    "unreadable_folder": "The folder cannot be opened. What lies in it was not seen.",
    # structure
    "truncated_header": "The file ends inside its header. Export it again.",
    "truncated_sequence": "The file ends inside a nested part of its header. Export it again.",
    "length_past_end": "The header states more bytes than the file has. Export it again.",
    "bad_vr": "The header holds a value type that DICOM does not know. Export it again.",
    "bad_item": "A nested part of the header is damaged. Export it again.",
    "undefined_length": "A value has no stated length where DICOM asks for one. Export it again.",
    "too_deep": "The header is nested more than 32 levels deep. Export it again.",
    "header_too_large": "The header is larger than a header may be.",
    "bad_deflate": "The compressed data set cannot be opened. Export it again.",
    "inflates_too_far": "The compressed data set grows too much when opened.",
    "missing_uid": "The file lacks one of the identifiers that every DICOM object has.",
    "unknown_syntax": "The file is encoded in a way that DICOM does not define. Export it again.",
    "pixel_data_twice": "The file holds more than one set of pixel data. Export it again.",
    "pixel_data_cut": "The image ends before its stated end. Export it again.",
    "pixel_data_short": "The image has fewer bytes than its size asks for. Export it again.",
    "pixel_size_impossible": "The stated image size is not possible.",
    "codestream_cut": "The compressed image ends before its stated end. Export it again.",
    # containment
    "out_of_memory": "Reading the file took more memory than allowed. It was set aside.",
    "out_of_time": "Reading the file took longer than allowed. It was set aside.",
    "process_died": "Reading the file stopped the reading process. It was set aside.",
    "failed": "The file could not be processed. It was set aside.",
    # holds
    "unmapped_subject": "The identity in the file is not in the subject list. A person must look.",
    "two_subjects": "One study or series holds files of two subjects. A person must look.",
    "same_uid_other_content": "Two files share one identifier but differ. A person must look.",
    "same_pixels_other_uid": "The same image came under another identifier.",
    "duplicate": "The same file came twice. One copy was kept.",
    "always_looked_at": "Images of this kind often show names. A person must look.",
    "screen_capture": "The image is a screen capture or report page. A person must look.",
    "declared_burned_in": "The file says that identity is visible in the image.",
    "text_in_pixels": "Text was found in the image. A person must look.",
    "pixels_not_decoded": "The image could not be opened to look for text. A person must look.",
    "overlay_in_pixel_bits": "A graphic layer is stored inside the image bits. A person must look.",
    "encapsulated_document": "The file holds a document. A person must look.",
    "unknown_object": "The kind of DICOM object is not known. A person must look.",
    "identity_left": "The check after cleaning found identity. The file was not released.",
    "pixels_changed": "The check after cleaning found changed image bytes.",
    "uid_map_broken": "The check after cleaning found an identifier that was not replaced.",
    "dates_inconsistent": "The check after cleaning found dates that moved differently.",
    "acquisition_changed": "The check after cleaning found a changed acquisition value.",
    "not_readable_after": "The cleaned file could not be read again.",
    "mask_not_applied": "The check after masking found a mask that was not applied.",
    "document_broken": "The attachment cannot be opened. Save it as PDF again and send it again.",
    "document_empty": "The attachment shows nothing: no text, no table, no picture.",
    "document_encrypted": "The attachment is protected by a password. Send it without a password.",
    "document_too_long": "The attachment has more than 40 pages. Send the pages that matter.",
    "copy_not_flat": "The check of the redacted copy found more than pictures of pages.",
    # at the site
    "identified_at_site": "This study removes identity at the site. The file still named the "
    "subject: it was not kept.",
    "site_other_profile": "The file was cleaned by another profile than this study's. It was not "
    "kept.",
    "site_other_subject": "The file was cleaned for another subject. It was not kept.",
    "dates_not_moved": "The file says that its dates were moved, but they were not. It was not "
    "kept.",
    "report_text": "The file is a written report. Reports stay at the site.",
    "pixels_not_judged": "The image may show names, which this computer cannot judge.",
    "two_persons_here": "The chosen files are of more than one person.",
    "not_opened_here": "The file cannot be opened on this computer.",
    "left_out_by_person": "A person looked at the file and left it out.",
}


def sentence(code: str) -> str:
    """Return the plain sentence of a reason code.  Raises KeyError for an unknown code."""
    return SENTENCES[code]
