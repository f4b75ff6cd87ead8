"""What the files of a draft hold and answers will miss, for whoever is about to share it."""

from __future__ import annotations

from dataclasses import dataclass

from gpts.assistants.models import GPT
from gpts.knowledge.models import KnowledgeFile
from gpts.knowledge.queries import list_knowledge_files
from gpts.knowledge.remark_messages import RemarkText, describe_remarks
from gpts.knowledge.states import FileState


@dataclass(frozen=True)
class FileGaps:
    file: KnowledgeFile
    remarks: list[RemarkText]


def list_reading_gaps(gpt: GPT) -> list[FileGaps]:
    """Return the files of the draft of which something was not read, in one query."""
    found = []
    for file in list_knowledge_files(gpt):
        if file.document is None or file.document.state != FileState.READY:
            continue
        remarks = [remark for remark in describe_remarks(file.document.remarks) if remark.is_gap]
        if remarks:
            found.append(FileGaps(file, remarks))
    return found
