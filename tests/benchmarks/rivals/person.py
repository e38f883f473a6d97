"""One person in the shape each rival takes: our page, lines of text, RenderCV's YAML (as JSON, which YAML includes)."""

import json
from collections.abc import Iterator
from pathlib import Path

from markupsafe import Markup

from services.document.blocks import Block, Entry
from services.document.view import DocumentView, present
from services.render import engine
from services.render.formats import page
from services.render.look import look_of
from services.render.templates.manifest import all_templates
from vitae.render.v1.options_pb2 import FORMAT_PDF, RenderOptions
from vitae.resume.v1.document_pb2 import Document


def write(folder: Path, document: Document, template: str) -> None:
    """Writes page.html, lines.json and cv.yaml."""
    folder.mkdir(exist_ok=True)
    view, kind = present(document), all_templates()[template]
    plan = engine.plan(document, FORMAT_PDF, template, RenderOptions())
    look = look_of(plan.options, kind, view.locale)
    css = page.stylesheet(kind) + page.properties(look, look.stack)
    markup = page.compose(view, kind, look, head=Markup(f"<style>{css}</style>"))
    (folder / "page.html").write_text(markup, encoding="utf-8")
    (folder / "lines.json").write_text(json.dumps(list(_lines(view))), encoding="utf-8")
    (folder / "cv.yaml").write_text(json.dumps(_rendercv(view)), encoding="utf-8")


def _lines(view: DocumentView) -> Iterator[tuple[str, str]]:
    yield "name", view.header.name
    if view.header.title:
        yield "title", view.header.title.text
    yield "contacts", " · ".join(each.text for each in view.header.contacts)
    for section in view.sections:
        yield "heading", section.title
        for block in section.blocks:
            yield from _block_lines(block)


def _block_lines(block: Block) -> Iterator[tuple[str, str]]:
    if not isinstance(block, Entry):
        yield "text", getattr(block, "lead", "") + block.text
        return
    yield "entry", " · ".join(each for each in (block.heading, block.location) if each)
    yield "role", " · ".join(each for each in (block.subheading, block.dates) if each)
    yield from (("text", each.text) for each in block.paragraphs)
    yield from (("bullet", each.text) for each in block.bullets)
    yield from (("text", each.lead + each.text) for each in block.items)


def _rendercv(view: DocumentView) -> dict[str, object]:
    contacts = {each.kind: each for each in view.header.contacts}
    person: dict[str, object] = {"name": view.header.name}
    if view.header.title:
        person["headline"] = view.header.title.text
    person |= {each: contacts[each].text for each in ("location", "email") if each in contacts}
    if "website" in contacts:
        person["website"] = contacts["website"].href
    person["sections"] = {
        each.title: [_rendercv_entry(block) for block in each.blocks] for each in view.sections
    }
    return {"cv": person}


def _rendercv_entry(block: Block) -> object:
    if not isinstance(block, Entry):
        return getattr(block, "lead", "") + block.text
    said = {
        "name": " · ".join(each for each in (block.heading, block.subheading) if each),
        "date": block.dates,
    }
    highlights = [each.text for each in block.bullets] + [each.lead + each.text for each in block.items]
    return {**said, "location": block.location or None, "highlights": highlights or None}
