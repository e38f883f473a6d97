"""Hostile words in every field and option reach no host, no file and no markup; huge input ends at a limit."""

from __future__ import annotations

import io
import re
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pypdf
import pytest
from google.protobuf.message import Message
from lxml import etree  # type: ignore[import-untyped] # it has no stubs
from prometheus_client import CollectorRegistry

from services.render import engine
from services.render.config import ChildrenConfig
from services.render.jobs import FileLimits, render_job
from services.render.supervisor import Supervisor
from services.render.templates.manifest import all_templates
from services.runtime.config import load
from services.runtime.errors import InvalidArgument, VitaeError
from tests.corpus.corpus import letters
from tests.integration.render_formats import growth
from tests.unit.render_formats import people
from vitae.render.v1.options_pb2 import FORMAT_DOCX, FORMAT_HTML, FORMAT_PDF, FORMAT_TXT, RenderOptions
from vitae.resume.v1.document_pb2 import Document

WORDS = (
    'a"><img src={url}/i.png onerror=alert(1)><script src={url}/s.js></script>',
    "</style><style>@import url({url}/c.css);body{{background:url({url}/b.png)}}*{{display:none}}",
    "{{{{ 1234 * 4321 }}}} {{% include '/etc/passwd' %}} {{{{ config.__class__.__mro__ }}}}",
    "</w:t></w:r></w:p><w:p><w:r><w:instrText>INCLUDETEXT {url}/d</w:instrText></w:r></w:p>]]>",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e; <svg onload=alert(1)><use href={url}/u.svg>",
    ") /JS (app.alert(1)) endstream endobj (\\",
)

LEFT_ALONE = frozenset({"id", "locale", "data", "content_type", "original_id", "year", "month", "day"})
"""What is no text: changing it makes another document, or none."""

SAFE_SCHEMES = ("http://", "https://", "mailto:", "tel:")


@contextmanager
def listener() -> Iterator[tuple[str, list[object]]]:
    """A server's address, and who has called it."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            try:
                while True:
                    calls.append(server.accept())
            except OSError:
                return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", calls
        server.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def poisoned(message: Message, url: str, count: int = 0) -> int:
    """Puts hostile words into every text of a message; returns how many."""
    for field, value in message.ListFields():
        held: Any = value
        if field.message_type is not None:
            for each in held if field.is_repeated else [held]:
                count = poisoned(each, url, count)
        elif field.type == field.TYPE_STRING and field.name not in LEFT_ALONE:
            places = len(held) if field.is_repeated else 1
            texts = [WORDS[(count + each) % len(WORDS)].format(url=url) for each in range(places)]
            if field.is_repeated:
                held[:] = texts
            else:
                setattr(message, field.name, texts[0])
            count += len(texts)
    return count


def hostile_documents(url: str) -> Iterator[Document]:
    for original in (people.maya(), people.full(), letters()["en"]):
        document = Document()
        document.CopyFrom(original)
        assert poisoned(document, url) > 10
        yield document


def made(document: Document, format_: int, template: str) -> bytes:
    plan = engine.plan(document, format_, template, RenderOptions())  # type: ignore[arg-type]
    return engine.render(document, plan).data


@pytest.mark.parametrize("template", all_templates())
def test_hostile_words_in_every_field_stay_words(template: str) -> None:
    with listener() as (url, calls):
        for document in hostile_documents(url):
            check_pdf(made(document, FORMAT_PDF, template))
            check_docx(made(document, FORMAT_DOCX, template))
            check_html(made(document, FORMAT_HTML, template).decode())
            assert "root:" not in made(document, FORMAT_TXT, template).decode()

    assert calls == []


def check_pdf(data: bytes) -> None:
    reader = pypdf.PdfReader(io.BytesIO(data))
    root: Any = reader.trailer["/Root"]
    assert not {"/OpenAction", "/AA", "/Names", "/AcroForm"} & set(root)
    for page in reader.pages:
        assert "/AA" not in page
        for note in page.get("/Annots", []):
            action = note.get_object()["/A"]
            assert action["/S"] == "/URI"
            assert str(action["/URI"]).startswith(SAFE_SCHEMES)
    assert "root:" not in "".join(page.extract_text() for page in reader.pages)


def check_docx(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")):
                tree = etree.fromstring(archive.read(name))
                assert not tree.xpath(
                    "//*[local-name()='instrText' or local-name()='fldSimple' or local-name()='object']"
                )
                for each in tree.xpath("//*[local-name()='Relationship'][@TargetMode='External']"):
                    assert each.get("Type").endswith("/hyperlink")
                    assert each.get("Target").startswith(SAFE_SCHEMES)


def check_html(text: str) -> None:
    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in {
                "script",
                "img",
                "link",
                "iframe",
                "object",
                "embed",
                "svg",
                "use",
                "base",
                "form",
            }
            for name, value in attrs:
                assert not name.startswith("on")
                assert name not in {"src", "srcset", "background"}
                assert name != "href" or (value or "").startswith(SAFE_SCHEMES)
                assert name != "style" or re.fullmatch(r"font-size: [\d.]+r?em", value or "")

    Parser().feed(text)
    assert text.count("<style>") == text.count("</style>") == 1
    assert "url(" not in text.partition("</style>")[0]
    assert str(1234 * 4321) not in text, "a template ran"


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("option", ["font_family", "accent_color"])
def test_hostile_options_are_refused_by_name(option: str, words: str) -> None:
    chosen = RenderOptions()
    setattr(chosen, option, words)

    with pytest.raises(InvalidArgument) as caught:
        engine.plan(people.maya(), FORMAT_PDF, "modern", chosen)

    assert caught.value.fields[0].field == f"options.{option}"


@pytest.mark.parametrize("words", WORDS)
def test_a_hostile_language_is_none(words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        engine.plan(people.maya(), FORMAT_HTML, "modern", RenderOptions(locale=words))

    assert caught.value.fields[0].field == "options.locale"


async def test_two_hundred_pages_end_at_the_limit_while_others_are_drawn() -> None:
    config = load(
        ChildrenConfig, {"VITAE_RENDER_CHILDREN": "1", "VITAE_RENDER_SPARES": "0"}, process="render"
    )
    limits = FileLimits(50, 20 * 2**20)
    plan = engine.plan(huge(), FORMAT_PDF, "ats_optimized", RenderOptions())
    small = engine.plan(people.maya(), FORMAT_PDF, "ats_optimized", RenderOptions())

    async with Supervisor(config, limits, registry=CollectorRegistry()) as supervisor:
        with pytest.raises(VitaeError) as caught:
            await supervisor.run(render_job(huge(), plan, limits=limits, measure=False))
        after = await supervisor.run(render_job(people.maya(), small, limits=limits, measure=False))

    assert caught.value.reason in {"TOO_MANY_PAGES", "RENDER_TIMEOUT"}, (
        "what comes first depends on the machine"
    )
    assert after.data.startswith(b"%PDF")


def huge() -> Document:
    document = people.full()
    experience = next(each.experience for each in document.resume.sections if each.HasField("experience"))
    entry = experience.entries[0]
    for number in range(9500):
        entry.achievements.add(id=f"line-{number}", text=f"Did thing number {number}.")
    return document


@pytest.mark.timeout(400)  # a hundred and eighty drawings, which take minutes where others work
def test_a_process_stops_growing() -> None:
    made = subprocess.run(
        [sys.executable, "-m", growth.__name__],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        check=True,
        text=True,
    )

    assert int(made.stdout) < 100 * 1024 * growth.MORE, "100 KB for each document"
