"""The documents as a test reads them: a flat sequence of headings, paragraphs, list items, cells and code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.helpers.started_steps import ROOT

MARKDOWN = MarkdownIt("commonmark").enable("table")
KNOWN_HTML = re.compile(
    r"<!-- (?P<remark>.*?) -->|<details><summary>(?P<fold>[^<>]*)</summary>|(?P<end></details>)"
    # a picture that moves, and the one that stands for it where a reader wants nothing to move
    r'|<picture>\n<source media="\(prefers-reduced-motion: reduce\)" srcset="(?P<still>[^"]+)">'
    r'<img alt="(?P<words>[^"]+)" src="(?P<moving>[^"]+)"></picture>',
    re.DOTALL,
)
ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\](?:\n|$)")
ANCHOR = re.compile(r'<a id="([^"]*)">')


@dataclass
class Part:
    """One piece of a document.

    kind: the tags around it, such as "h2", "ul li p" or "table tbody tr td"; "code" and "remark" for those;
    "fold" for the line that opens one, "end" for where it ends; "alert" for what begins a box, such as TIP.
    text: the words a reader sees, with an x for each inline code; of code and of remarks, all of it.
    pictures: the files that it shows; their words belong to the text.
    """

    kind: str
    line: int
    text: str
    language: str = ""  # of code
    inline_code: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    anchor: str = ""
    bold: list[str] = field(default_factory=list)  # its bold words
    breaks_lines: bool = False
    unknown: list[str] = field(default_factory=list)  # what nothing here reads: other HTML, wordless images


@dataclass(frozen=True)
class Document:
    """One document, as it is in its file or as a test has changed it."""

    path: Path
    source: str

    @property
    def name(self) -> str:
        """The path from the root, as links and messages have it."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def language(self) -> str:
        """Its language: en or zh."""
        return "zh" if self.name.endswith(".zh.md") else "en"

    @property
    def twin_path(self) -> Path:
        """Where the same document in the other language is."""
        stem = self.path.name.removesuffix(".md").removesuffix(".zh")
        return self.path.with_name(f"{stem}.md" if self.language == "zh" else f"{stem}.zh.md")

    @cached_property
    def parts(self) -> list[Part]:
        """The document, read."""
        return list(parts(self.source))

    @property
    def anchors(self) -> list[str]:
        """What its headings can be linked by."""
        return [part.anchor for part in self.parts if part.anchor]


ENGLISH_ONLY = ("CHANGELOG.md", "SECURITY.md")  # what every repository has


@cache
def document(path: Path) -> Document:
    """Read one document."""
    return Document(path, path.read_text(encoding="utf-8"))


def documents(language: str) -> list[Document]:
    """Read every document of one language, en or zh, in a reader's order."""
    folders = (ROOT, *sorted(ROOT.glob("step[0-9]_*")), ROOT / "docs")
    found = [
        document(path)
        for folder in folders
        for path in sorted(folder.glob("*.md"))
        if path.name not in ENGLISH_ONLY
    ]
    found.sort(key=lambda each: each.name.startswith("CONTRIBUTING"))  # what a reader needs last
    return [each for each in found if each.language == language]


def parts(source: str) -> Iterator[Part]:
    """Take a document's source apart."""
    around: list[str] = []
    for token in MARKDOWN.parse(source):
        line = token.map[0] + 1 if token.map else 0
        if token.nesting == 1:
            around.append(token.tag)
        elif token.nesting == -1:
            around.pop()
        elif token.type == "inline":
            found = ALERT.match(token.content) if "blockquote" in around else None
            if found:
                yield Part("alert", line, found[1])
            text = MARKDOWN.parseInline(token.content[found.end() :])[0] if found else token
            yield inline(text, " ".join(around), line)
        elif token.type == "fence":
            yield Part("code", line, token.content, language=token.info)
        elif token.type == "html_block":
            for each in KNOWN_HTML.finditer(token.content):
                kind = str(each.lastgroup)
                if kind == "moving":
                    yield Part("p", line, each["words"], pictures=[each["still"], each["moving"]])
                else:
                    yield Part(kind, line, each[kind])
            if rest := KNOWN_HTML.sub("", token.content).strip():
                yield Part("html", line, rest, unknown=[rest])
        else:
            yield Part(token.type, line, token.content)


def inline(token: Token, kind: str, line: int) -> Part:
    """Take a paragraph, a heading or a cell apart."""
    part = Part(kind, line, "")
    bold_from = 0
    for child in token.children or []:
        match child.type:
            case "text":
                part.text += child.content
            case "code_inline":
                part.text += "x"
                part.inline_code.append(child.content)
            case "strong_open":
                bold_from = len(part.text)
            case "strong_close":
                part.bold.append(part.text[bold_from:])
            case "softbreak" | "hardbreak":
                part.text += " "
                part.breaks_lines = True
            case "link_open":
                part.links.append(str(child.attrs["href"]))
            case "html_inline" if found := ANCHOR.match(child.content):
                part.anchor = found[1]
            case "html_inline" if child.content != "</a>":
                part.unknown.append(child.content)
            case "image" if child.content:
                part.text += child.content
                part.pictures.append(str(child.attrs["src"]))
            case "image":
                part.unknown.append("an image that has no words for whoever cannot see it")
    part.text = part.text.strip()
    return part
