"""The message for each code of a file that could not be read: what is wrong and what to do."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _

from gpts.knowledge.extraction import list_labels
from gpts.knowledge.models import KnowledgeFile


def describe_failure(code: str) -> str:
    """Return the message for ``Document.failure`` in the active language; empty for no code."""
    if not code:
        return ""
    return describe_advice(code) or {
        "unknown_type": _("Files of this type cannot be read. Use %(kinds)s or source code.")
        % {"kinds": _(", ").join(list_labels())},
        "binary": _("This is not a text file, whatever its name says. Rename it to what it is."),
        "encoding": _("The letters of this file cannot be told. Save it as UTF-8 and add it again."),
        "malformed": _("This file is damaged: its structure cannot be read. Open and save it anew."),
        "empty": _("There is no text in this file."),
        "no_text": _(
            "There is no text in this PDF, only pictures of pages. Run text recognition on it and add the"
            " result."
        ),
        "encrypted": _("This file is locked by a password. Save it without one and add it again."),
        "bomb": _("This file unpacks to far more than its size. Save it anew, without embedded archives."),
        "malware": _("This file is malware, so it was not kept. Delete it where it came from too."),
        "too_many_pages": _("This PDF has more than %(count)d pages. Split it and add the parts.")
        % {"count": settings.KNOWLEDGE_PDF_PAGES},
        "too_much_text": _(
            "This file holds more than %(count)d million tokens of text. Split it and add the parts."
        )
        % {"count": max(settings.KNOWLEDGE_FILE_TOKENS // 1_000_000, 1)},
        "too_complex": _("Reading this file needs too much memory. Split it and add the parts."),
        "timeout": _("Reading this file took too long. Split it and add the parts."),
        "crashed": _("The reader broke off three times on this file. Save it anew or in another format."),
        "lost": _("The stored file is not there any more. Remove it and add it again."),
    }.get(code, _("This file could not be read. Try again, or save it in another format."))


def describe_known_file(file: KnowledgeFile) -> str:
    """Return the sentence for an upload whose content a file has already."""
    return _("This content is already there as “%(name)s”. It was not added again.") % {"name": file.name}


def describe_advice(code: str) -> str:
    """Return what to do with a file whose kind is not read (kinds.ADVICE); empty for other codes."""
    return {
        "save_as_docx": _("Files of this type cannot be read. Save it as DOCX or PDF and add that."),
        "save_as_xlsx": _("Files of this type cannot be read. Save it as XLSX or CSV and add that."),
        "save_as_pptx": _("Files of this type cannot be read. Save it as PPTX or PDF and add that."),
        "save_as_pdf": _("Files of this type cannot be read. Save it as PDF or EPUB and add that."),
        "unpack": _("Archives are not opened. Unpack it and add the files that are needed."),
        "picture": _("Pictures are not read here. Put them into a PDF with recognised text and add that."),
        "recording": _("Recordings are not read. Add a transcript, for example as TXT, SRT or VTT."),
        "macros": _("This file holds macros, which are programs. Save it without them and add it again."),
    }.get(code, "")
