"""Files of chats: what is accepted, who sees it, what the model gets, and that deletion leaves nothing."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import nullcontext
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from gpts.assistants.models import GPT
from gpts.assistants.queries.gpts import find_live_version
from gpts.chat.attached_text import UNCUT_CHARACTERS, choose_pieces, split_into_pieces
from gpts.chat.attachment_reading import read_text
from gpts.chat.models import Attachment, Conversation, Message, Turn
from gpts.chat.services.attachments import (
    MAX_UNSENT_FILES,
    attach_to_turn,
    copy_to_turn,
    erase_attachments,
    read_attachment,
    remove_unsent_attachments,
    save_generated_image,
)
from gpts.chat.services.turn_inputs import build_citations, prepare_turn
from gpts.chat.services.turns import finish_turn, start_first_turn, start_turn
from gpts.chat.states import AttachmentKind
from gpts.knowledge.extraction import Limits, Remark, UnreadableError
from gpts.knowledge.states import FileState
from gpts.llm.models import LanguageModel
from gpts.llm.states import Capability
from tests.support.chat import configure_model, create_public_gpt
from tests.support.factories.workspaces import UserFactory
from tests.support.pages import sign_in
from tests.support.times import NOW
from tests.support.uploads import make_picture, make_upload
from workspaces.access import personal_workspace
from workspaces.models import User

pytestmark = pytest.mark.django_db

TEXT = "# Bees\n\nThe queen of hive seven is called Mirelbane.\n\nShe was marked blue in May."


def create_first_turn(reader: User, gpt: GPT, text: str = "Who is the queen?") -> Turn:
    return start_first_turn(
        gpt=gpt,
        version=find_live_version(reader, gpt),
        workspace=personal_workspace(reader),
        text=text,
        by=reader,
        at=NOW,
    )


def finish(turn: Turn, text: str = "An answer") -> None:
    finish_turn(turn_id=turn.pk, text=text, input_tokens=1, output_tokens=1, model=None, at=NOW)


def upload_file(client: Client, gpt: GPT, file: SimpleUploadedFile) -> Attachment:
    response = client.post(f"/g/{gpt.slug}/chat/attachments", {"file": file})
    assert response.status_code == 201, response.content
    attachment = Attachment.objects.get(pk=response.json()["id"])
    if attachment.state == FileState.WAITING:
        read_attachment(attachment_id=attachment.pk, step=nullcontext, clock=lambda: NOW)
        attachment.refresh_from_db()
    return attachment


def enable_vision(gpt: GPT) -> None:
    """Let a model that reads pictures answer for the GPT."""
    model = configure_model("http://127.0.0.1:9")
    LanguageModel.objects.filter(pk=model.pk).update(capabilities=[Capability.VISION])


def prepare(turn: Turn, text: str) -> Any:
    fresh = Turn.objects.select_related("conversation__gpt", "conversation__version", "gpt", "version").get(
        pk=turn.pk
    )
    return prepare_turn(turn=fresh, conversation=fresh.conversation, text=text, language="en")


def test_a_document_is_read_sent_and_used_for_the_answer() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    attachment = upload_file(sign_in(reader), gpt, make_upload("bees.md", TEXT))
    turn = create_first_turn(reader, gpt)

    attach_to_turn(turn=turn, identifiers=[attachment.pk], reads_images=False, by=reader)
    given = prepare(turn, "Who is the queen of hive seven?")

    attachment.refresh_from_db()
    assert (attachment.state, attachment.turn_id, attachment.conversation_id) == (
        "ready",
        turn.pk,
        turn.conversation_id,
    )
    assert attachment.storage_key.endswith(str(attachment.pk))
    assert "Mirelbane" in given.input.passages[0].text
    assert given.input.passages[0].title == "bees.md"
    (cited,) = build_citations("It is Mirelbane [1].", given.passages)
    assert (cited["attachment_id"], cited["passage_id"], cited["file"]) == (
        str(attachment.pk),
        None,
        "bees.md",
    )


def test_a_cited_piece_opens_and_a_later_turn_can_still_use_the_file() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    client = sign_in(reader)
    attachment = upload_file(client, gpt, make_upload("bees.md", TEXT))
    turn = create_first_turn(reader, gpt)
    attach_to_turn(turn=turn, identifiers=[attachment.pk], reads_images=False, by=reader)
    given = prepare(turn, "Who is the queen?")
    citations = build_citations("[1]", given.passages)
    finish_turn(
        turn_id=turn.pk,
        text="Mirelbane [1]",
        input_tokens=1,
        output_tokens=1,
        model=None,
        at=NOW,
        citations=citations,
    )
    later, _new = start_turn(conversation=turn.conversation, text="When was she marked?", by=reader, at=NOW)

    page = client.get(f"/c/{turn.conversation_id}/turns/{turn.pk}/sources/1").content.decode()

    assert "Mirelbane" in page
    assert "bees.md" in page
    assert any(
        "blue in May" in passage.text for passage in prepare(later, "When was she marked?").input.passages
    )


def test_another_conversation_never_sees_the_file() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    attachment = upload_file(sign_in(reader), gpt, make_upload("bees.md", TEXT))
    turn = create_first_turn(reader, gpt)
    attach_to_turn(turn=turn, identifiers=[attachment.pk], reads_images=False, by=reader)
    finish(turn)

    other = create_first_turn(reader, gpt, "Who is the queen of hive seven?")

    assert prepare(other, "Who is the queen of hive seven?").input.passages == ()


def test_an_edited_question_keeps_its_files_and_shares_their_bytes() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    attachment = upload_file(sign_in(reader), gpt, make_upload("bees.md", TEXT))
    turn = create_first_turn(reader, gpt)
    attach_to_turn(turn=turn, identifiers=[attachment.pk], reads_images=False, by=reader)
    finish(turn)
    edited, _new = start_turn(
        conversation=turn.conversation, text="Her name?", by=reader, at=NOW, replaces=turn
    )

    copy_to_turn(source=turn, turn=edited, at=NOW)

    copy = Attachment.objects.get(turn=edited)
    assert (copy.storage_key, copy.copy_of_id, copy.text) == (attachment.storage_key, attachment.pk, "")
    assert "Mirelbane" in prepare(edited, "Her name?").input.passages[0].text
    page = sign_in(reader).get(f"/c/{turn.conversation_id}").content.decode()
    assert "bees.md" in page


def test_pictures_need_a_vision_model_and_lose_their_metadata() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    client = sign_in(reader)
    picture = Image.new("RGB", (3000, 1000), (10, 20, 30))
    exif = Image.Exif()
    exif[0x010E] = "Taken at home"
    out = BytesIO()
    picture.save(out, format="JPEG", exif=exif)
    upload = SimpleUploadedFile("home.jpg", out.getvalue())

    refused = client.post(f"/g/{gpt.slug}/chat/attachments", {"file": upload})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "images_not_read")
    assert not Attachment.objects.exists()

    enable_vision(gpt)
    upload.seek(0)
    attachment = upload_file(client, gpt, upload)
    with default_storage.open(attachment.storage_key) as stored:
        kept = stored.read()
    assert attachment.kind == AttachmentKind.IMAGE
    assert b"Taken at home" not in kept
    assert Image.open(BytesIO(kept)).size == (2048, 683)
    turn = create_first_turn(reader, gpt, "What is it?")
    attach_to_turn(turn=turn, identifiers=[attachment.pk], reads_images=True, by=reader)
    assert [part.media_type for part in prepare(turn, "What is it?").input.images] == ["image/jpeg"]
    finish(turn)
    later, _new = start_turn(conversation=turn.conversation, text="And its colour?", by=reader, at=NOW)
    history = prepare(later, "And its colour?").input.history
    assert [len(message.images) for message in history] == [1, 0]


@pytest.mark.parametrize(
    ("file", "status", "code"),
    [
        (("empty.txt", b""), 400, "file_empty"),
        (("run.exe", b"MZ\x90\x00"), 400, "file_unknown_type"),
        (("plan.pages", b"words"), 400, "file_save_as_docx"),
        (("broken.png", b"\x89PNG\r\n\x1a\n" + b"x" * 40), 400, "picture_unreadable"),
        (("big.txt", b"x" * 3_000), 413, "file_too_large"),
        (("...", b"words"), 400, "bad_name"),
    ],
)
def test_a_refused_upload_is_not_stored(
    file: tuple[str, bytes], status: int, code: str, settings: Any
) -> None:
    settings.CHAT_ATTACHMENT_BYTES = 2_000
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    enable_vision(gpt)

    response = sign_in(reader).post(f"/g/{gpt.slug}/chat/attachments", {"file": SimpleUploadedFile(*file)})

    assert response.status_code == status
    assert code in response.json()["error"]["code"]
    assert not Attachment.objects.exists()


def test_a_hostile_name_never_becomes_a_path() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    client = sign_in(reader)

    attachment = upload_file(client, gpt, make_upload("..\\..\\x\u202etxt.md", TEXT))
    response = client.get(f"/c/attachments/{attachment.pk}/file")

    assert attachment.name == "xtxt.md"
    assert ".." not in attachment.storage_key
    assert response.headers["Content-Disposition"] == 'attachment; filename="xtxt.md"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert response.content == TEXT.encode()


def test_a_chat_reads_the_kinds_of_knowledge_files() -> None:
    """A message takes a mail with its remark, by the readers of gpts.knowledge.extraction."""
    mail = (
        b"Subject: Depot\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
        b'Open at seven.\n--b\nContent-Type: application/pdf; name="plan.pdf"\n\nx\n--b--\n'
    )
    remarks: list[Remark] = []

    text = read_text("a.eml", mail, limits=Limits(), max_characters=1_000, take_remark=remarks.append)

    assert text == "# Depot\n\nSubject: Depot\n\nOpen at seven."
    assert [(remark.code, remark.names) for remark in remarks] == [("embedded_files", ("plan.pdf",))]


def test_a_file_that_cannot_be_read_says_why_and_is_not_sent() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    client = sign_in(reader)
    attachment = upload_file(client, gpt, make_upload("odd.json", "{not json"))
    turn = create_first_turn(reader, gpt)

    shown = client.get(f"/c/attachments/{attachment.pk}").json()

    assert shown["state"] == "failed"
    assert shown["failure"]
    with pytest.raises(Exception, match="could not be read"):
        attach_to_turn(turn=turn, identifiers=[attachment.pk], reads_images=False, by=reader)


@pytest.mark.parametrize("act", ["", "/file", "/remove"])
def test_another_persons_file_is_not_found(act: str) -> None:
    owner, stranger, gpt = (
        UserFactory.create(display_name="Owner"),
        UserFactory.create(display_name="Stranger"),
        create_public_gpt(),
    )
    attachment = upload_file(sign_in(owner), gpt, make_upload("bees.md", TEXT))
    client, path = sign_in(stranger), f"/c/attachments/{attachment.pk}{act}"

    response = client.post(path) if act == "/remove" else client.get(path)

    assert response.status_code == 404
    assert Attachment.objects.filter(pk=attachment.pk).exists()


def test_foreign_sent_and_unknown_ids_are_refused_and_nothing_is_written() -> None:
    owner, stranger, gpt = (
        UserFactory.create(display_name="Owner"),
        UserFactory.create(display_name="Stranger"),
        create_public_gpt(),
    )
    theirs = upload_file(sign_in(owner), gpt, make_upload("bees.md", TEXT))
    sent = upload_file(sign_in(stranger), gpt, make_upload("mine.md", TEXT))
    turn = create_first_turn(stranger, gpt)
    attach_to_turn(turn=turn, identifiers=[sent.pk], reads_images=False, by=stranger)

    for identifier in (theirs.pk, sent.pk, uuid4()):
        with pytest.raises(Exception, match="not there any more"):
            attach_to_turn(turn=turn, identifiers=[identifier], reads_images=False, by=stranger)

    theirs.refresh_from_db()
    assert theirs.turn_id is None


def test_unsent_files_are_limited_and_removed_with_their_bytes(
    django_capture_on_commit_callbacks: Any,
) -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    client = sign_in(reader)
    first = upload_file(client, gpt, make_upload("bees.md", TEXT))
    for number in range(MAX_UNSENT_FILES - 1):
        Attachment.objects.create(
            user=reader, workspace=personal_workspace(reader), kind="document", name=f"{number}.txt",
            media_type="text/plain", size=1, content_hash="x", storage_key="none", created_at=timezone.now(),
        )  # fmt: skip
    full = client.post(f"/g/{gpt.slug}/chat/attachments", {"file": make_upload("one more.md", TEXT)})
    assert (full.status_code, full.json()["error"]["code"]) == (429, "too_many_loose_files")

    with django_capture_on_commit_callbacks(execute=True):
        assert remove_unsent_attachments(at=timezone.now() + timedelta(hours=23)) == 0
        assert remove_unsent_attachments(at=timezone.now() + timedelta(hours=25)) == MAX_UNSENT_FILES
    assert not default_storage.exists(first.storage_key)
    assert not Attachment.objects.exists()


def test_deleting_a_conversation_for_good_removes_bytes(django_capture_on_commit_callbacks: Any) -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    attachment = upload_file(sign_in(reader), gpt, make_upload("bees.md", TEXT))
    turn = create_first_turn(reader, gpt)
    attach_to_turn(turn=turn, identifiers=[attachment.pk], reads_images=False, by=reader)
    finish(turn)
    edited, _new = start_turn(conversation=turn.conversation, text="Again", by=reader, at=NOW, replaces=turn)
    copy_to_turn(source=turn, turn=edited, at=NOW)

    with django_capture_on_commit_callbacks(execute=True):
        erase_attachments([turn.conversation_id])
        Conversation.objects.filter(pk=turn.conversation_id).delete()

    assert not Attachment.objects.exists()
    assert not default_storage.exists(attachment.storage_key)


def test_a_deleted_conversations_file_is_not_served() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    client = sign_in(reader)
    attachment = upload_file(client, gpt, make_upload("bees.md", TEXT))
    turn = create_first_turn(reader, gpt)
    attach_to_turn(turn=turn, identifiers=[attachment.pk], reads_images=False, by=reader)
    finish(turn)

    client.post(f"/c/{turn.conversation_id}/delete")

    assert client.get(f"/c/attachments/{attachment.pk}/file").status_code == 404


def test_a_generated_picture_is_stored_and_shown() -> None:
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    turn = create_first_turn(reader, gpt)
    picture = make_picture().read()

    made = save_generated_image(turn=turn, media_type="image/png", data=picture, at=NOW)
    assert save_generated_image(turn=turn, media_type="image/png", data=b"<svg onload=x>", at=NOW) is None
    finish(turn)

    assert made
    page = sign_in(reader).get(f"/c/{turn.conversation_id}").content.decode()
    assert f"/c/attachments/{made.pk}/file" in page
    served = sign_in(reader).get(f"/c/attachments/{made.pk}/file")
    assert served.headers["Content-Type"] == "image/jpeg"


# Choosing pieces -------------------------------------------------------------------------------------------


def test_short_text_is_used_whole_and_long_text_is_ranked_by_the_question() -> None:
    small = split_into_pieces(0, "# One\n\nFirst.\n\nSecond.\n\n# Two\n\nThird.")
    assert [(piece.heading, piece.text) for piece in small] == [
        ("One", "First.\n\nSecond."),
        ("Two", "Third."),
    ]
    assert choose_pieces(small, "anything", 10_000) == small

    filler = "\n\n".join(f"Paragraph {number} about roofs and gutters. " * 20 for number in range(60))
    long = split_into_pieces(0, f"{filler}\n\nThe alarm code of the shed is kept by Tobias.\n\n{filler}")
    assert sum(len(piece.text) for piece in long) > UNCUT_CHARACTERS
    chosen = choose_pieces(long, "Who keeps the alarm code of the shed?", 4_000)
    assert "Tobias" in chosen[0].text
    assert sum(len(piece.text) for piece in chosen) <= 4_000


def test_chinese_questions_find_their_piece() -> None:
    long = split_into_pieces(
        0, "\n\n".join(["屋顶需要每年检查一次。" * 60] * 40 + ["仓库的钥匙由王芳保管。"])
    )
    assert "王芳" in choose_pieces(long, "谁保管仓库钥匙?", 3_000)[0].text


def test_messages_do_not_contain_text_of_the_file() -> None:
    """Search and export of a chat therefore do not contain the text of its files."""
    reader, gpt = UserFactory.create(display_name="Reader"), create_public_gpt()
    attachment = upload_file(sign_in(reader), gpt, make_upload("bees.md", TEXT))
    turn = create_first_turn(reader, gpt)
    attach_to_turn(turn=turn, identifiers=[attachment.pk], reads_images=False, by=reader)
    prepare(turn, "Who?")
    assert not Message.objects.filter(content__contains="Mirelbane").exists()


def ignore_remark(_remark: Remark) -> None:
    pass


def test_a_heading_is_repeated_only_when_it_changes() -> None:
    page = b"<h1>Bees</h1><p>One.<p>Two.<h1>Wasps</h1><p>Three.<h1>Bees</h1><p>Four."

    text = read_text("bees.html", page, limits=Limits(), max_characters=1_000, take_remark=ignore_remark)

    assert text.split("\n\n") == ["# Bees", "One.", "Two.", "# Wasps", "Three.", "# Bees", "Four."]


def test_text_beyond_the_limit_is_never_in_memory_as_a_whole() -> None:
    page = b"".join(b"<h1>%d%s</h1><p>a" % (number % 7, b"h" * 280) for number in range(6_000))
    tracemalloc.start()

    with pytest.raises(UnreadableError) as refusal:
        read_text(
            "many.html",
            page + b"<p>a" * 400_000,
            limits=Limits(),
            max_characters=100_000,
            take_remark=ignore_remark,
        )
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refusal.value.code == "too_much_text"
    assert peak < 20_000_000


def test_a_question_of_many_words_is_ranked_by_the_first_of_them() -> None:
    pieces = split_into_pieces(
        1, "\n\n".join(f"word{100 + number % 4_000} " * 20 for number in range(15_000))
    )
    question = "mirelbane " + " ".join(f"word{number}" for number in range(5_000))
    began = time.process_time()

    chosen = choose_pieces([*pieces, *split_into_pieces(2, "The queen is Mirelbane.")], question, 5_000)

    assert time.process_time() - began < 5
    assert chosen[0].text == "The queen is Mirelbane."
