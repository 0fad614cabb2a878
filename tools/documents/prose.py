"""How the documents read, in figures: python -m tools.documents.prose shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile

from tools.documents.markdown import Document, Part, documents

HAN = re.compile(r"[\u4e00-\u9fff]")
END_OF_SENTENCE = {"en": re.compile(r"[.!?](?=[)”\"]*(?:\s|$))"), "zh": re.compile(r"[。！？]")}
MOST_WORDS = {"en": 90, "zh": 180}  # of a paragraph, as words() counts
MOST_SENTENCES = 5
READER = {"en": re.compile(r"\b[Yy]ou(?:r|rs|rself)?\b"), "zh": re.compile("你")}
REASONS = {
    "en": re.compile(r"\b[Bb]ecause\b|\bso that\b|, so\b|\bSo\b|\b[Oo]therwise\b"),
    "zh": re.compile("因为|所以|因此|于是|否则|这样"),
}


def prose(parts: Iterable[Part]) -> Iterator[Part]:
    """Return what people read as text, up to the glossary, which has words that no text may have."""
    for part in takewhile(lambda part: part.anchor != "glossary", parts):
        if part.kind not in ("code", "remark", "end", "alert"):
            yield part


def paragraphs(document: Document) -> Iterator[Part]:
    """Return what is written in sentences: all prose but headings, folds' titles and cells."""
    return (part for part in prose(document.parts) if part.kind.endswith("p"))


def words(text: str, language: str) -> int:
    """Count the words, of Chinese the characters."""
    return len(HAN.findall(text)) if language == "zh" else len(text.split())


def sentences(text: str, language: str) -> int:
    """Count the sentences, and what is left at the end as one."""
    return sum(bool(re.search(r"\w", piece)) for piece in END_OF_SENTENCE[language].split(text))


def figures(document: Document) -> list[object]:
    """Return a row of the table below."""
    language = document.language
    texts = [part.text for part in paragraphs(document)]
    told = sum(sentences(text, language) for text in texts)
    return [
        document.name,
        told,
        round(sum(words(text, language) for text in texts) / max(told, 1), 1),
        sum(len(READER[language].findall(text)) for text in texts),
        sum(len(REASONS[language].findall(text)) for text in texts),
        sum(len(part.pictures) for part in document.parts),
        max((words(text, language) for text in texts), default=0),
    ]


if __name__ == "__main__":
    form = "{:32}{:>10}{:>12}{:>6}{:>9}{:>10}{:>10}"
    print(form.format("", "sentences", "words each", "you", "because", "pictures", "longest"))
    for each in documents("en") + documents("zh"):
        print(form.format(*map(str, figures(each))))
