"""What a search asks for besides words: a category, a price, and facts, as in `free vector database`. No queries."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from comparisons.addresses import reverse_slug
from comparisons.reading.records import ListedAttribute, ListedCategory
from comparisons.shaping import facets
from comparisons.shaping.facets import FactFilter
from tools.choices import AttributeKind, Grade, PlanKind
from tools.prices import format_budget
from tools.search import split_words
from web.folding import fold

CHEAP = Decimal(20)  # dollars a month that `cheap` means
MAX_WORDS = 16  # of a search; a longer one is a sentence, and nothing is read into it
_ENDINGS = ("ies", "ing", "ed", "es", "s", "e", "y")
_MIN_STEM = 3  # letters
_AMOUNT = re.compile(
    r"(?:\b(?:under|below|less than|up to|at most|max|within)\s+|<=?\s*)?"
    r"(?:\$\s?(\d{1,6}(?:\.\d{1,2})?)(?!\d)|\b(\d{1,6}(?:\.\d{1,2})?)\s?(?:dollars|usd|bucks)\b)"
    r"(?:\s?(?:/|a|per)\s?(?:month|mo)\b)?",
)


def stem(word: str) -> str:
    """Return a word without case and its English ending, so that `hosted` equals `hosting`. Never shown."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM:
            return word.removesuffix(ending)
    return word


def _stem_all(words: str) -> tuple[str, ...]:
    return tuple(stem(word) for word in split_words(words))


_PRICES = {
    **dict.fromkeys(_stem_all("free gratis freeware"), PlanKind.FREE.value),
    **dict.fromkeys(_stem_all("paid"), PlanKind.PAID.value),
}
_CHEAP = set(_stem_all("cheap cheapest affordable inexpensive"))
PRICE_WORDS = ("free", "paid", "cheap")
_FILLERS = set(
    _stem_all(
        "a an the and or for of in on to with that which what is are i my our any some all best top good great new tool"
        " tools ai app apps software option options list one ones price priced pricing plan plans tier month monthly"
    )
)
_NEGATIONS = set(_stem_all("not no non without except never"))


@dataclass(frozen=True, slots=True)
class Wish:
    """What a search asks for: of a category, of all of them (None), with an entry of some kind, with a plan of at most
    a budget (dollars a month), and with facts (by the attribute's id).
    """

    category: ListedCategory | None
    price: str
    budget: Decimal | None
    facts: Mapping[int, FactFilter]
    is_whole: bool
    """Whether this is all that the search says."""

    @property
    def is_filter(self) -> bool:
        """Whether it asks for more than a category."""
        return bool(self.price or self.budget is not None or self.facts)

    @property
    def labels(self) -> list[str]:
        """The filters in words, as lists name them."""
        attributes = {attribute.id: attribute for attribute in self._attributes}
        return [
            *([PlanKind(self.price).label] if self.price else []),
            *([format_budget(self.budget)] if self.budget is not None else []),
            *(_name_option(attributes[pk], slug) for pk, wanted in self.facts.items() for slug in wanted.options),
        ]

    @property
    def address(self) -> str:
        """The URL of the list of what fits."""
        if self.category and not self.is_filter:
            return reverse_slug("category", self.category.slug)
        pairs = [
            *([("category", self.category.slug)] if self.category else []),
            *([("price", self.price)] if self.price else []),
            *([("budget", f"{self.budget:f}")] if self.budget is not None else []),
        ]
        facts = facets.write_query(self._attributes, self.facts, None)
        return "&".join(filter(None, [f"{reverse('tools')}?{urlencode(pairs)}", facts]))

    @property
    def _attributes(self) -> tuple[ListedAttribute, ...]:
        return self.category.attributes if self.category else ()


class _Phrase(NamedTuple):
    """Words that mean a category, or an option of an attribute."""

    words: tuple[str, ...]
    category: ListedCategory
    attribute: int | None = None
    option: str = ""


def read_wish(words: str, categories: Sequence[ListedCategory]) -> Wish | None:
    """Return what a search asks for; None if it names neither a category nor, alone, a price."""
    budget, rest = _take_amount(fold(words))
    tokens = _stem_all(rest)
    if len(tokens) > MAX_WORDS:
        return None
    named = _find_category(tokens, categories)
    category = named.category if named else None
    if named:
        tokens = tokens if named.attribute else _take(tokens, named.words)
    if _NEGATIONS.intersection(tokens):  # a filter would show the opposite of what is meant
        return Wish(category, "", None, {}, is_whole=False) if category else None
    facts, tokens = _take_facts(tokens, category)
    price = next((_PRICES[token] for token in tokens if token in _PRICES), "")
    budget = CHEAP if budget is None and _CHEAP.intersection(tokens) else budget
    left = {token for token in tokens if token not in _PRICES} - _CHEAP - _FILLERS
    if not category and (left or (not price and budget is None)):
        return None
    return Wish(category, price, budget, facts, is_whole=not left)


def _take_amount(text: str) -> tuple[Decimal | None, str]:
    """Return an amount of dollars in a folded text, and the text without it."""
    found = _AMOUNT.search(text)
    if not found:
        return None, text
    return Decimal(found[1] or found[2]), f"{text[: found.start()]} {text[found.end() :]}"


def _find_category(tokens: tuple[str, ...], categories: Sequence[ListedCategory]) -> _Phrase | None:
    """Return the longest phrase in a search that names a category, or an option that only one category knows."""
    found = [phrase for phrase in _name_categories(categories) if _place(tokens, phrase.words) is not None]
    return max(found, key=lambda phrase: len(phrase.words), default=None)


def _name_categories(categories: Sequence[ListedCategory]) -> Iterator[_Phrase]:
    for category in categories:
        for name in category.names:
            yield _Phrase(_stem_all(name), category)
    shared = [attribute.id for category in categories for attribute in category.attributes]
    for category in categories:
        for phrase in _name_options(category):
            if len(phrase.words) > 1 and shared.count(phrase.attribute or 0) == 1:
                yield phrase


def _name_options(category: ListedCategory) -> Iterator[_Phrase]:
    for attribute in category.attributes:
        if attribute.scale.kind == AttributeKind.GRADE:
            yield _Phrase(_stem_all(attribute.name), category, attribute.id, Grade.YES.value)
        else:
            for option in attribute.scale.options:
                for name in (option.name, option.slug):
                    yield _Phrase(_stem_all(name), category, attribute.id, option.slug)


def _take_facts(
    tokens: tuple[str, ...], category: ListedCategory | None
) -> tuple[dict[int, FactFilter], tuple[str, ...]]:
    """Return the facts that a search asks for, the longest phrases first, and the words that are left."""
    facts: dict[int, FactFilter] = {}
    for phrase in sorted(_name_options(category), key=lambda one: -len(one.words)) if category else []:
        if phrase.attribute not in facts and phrase.attribute and _place(tokens, phrase.words) is not None:
            facts[phrase.attribute] = FactFilter((phrase.option,))
            tokens = _take(tokens, phrase.words)
    order = [attribute.id for attribute in category.attributes] if category else []
    return {pk: facts[pk] for pk in order if pk in facts}, tokens


def _place(tokens: tuple[str, ...], phrase: tuple[str, ...]) -> int | None:
    """Return where a phrase begins in a search; None if it is not in it, or says nothing."""
    size = len(phrase)
    if not phrase or (size == 1 < len(tokens) and (len(phrase[0]) < 2 or phrase[0] in _FILLERS)):
        return None
    return next((start for start in range(len(tokens) - size + 1) if tokens[start : start + size] == phrase), None)


def _take(tokens: tuple[str, ...], phrase: tuple[str, ...]) -> tuple[str, ...]:
    start = _place(tokens, phrase) or 0
    return tokens[:start] + tokens[start + len(phrase) :]


def _name_option(attribute: ListedAttribute, slug: str) -> str:
    if attribute.scale.kind == AttributeKind.GRADE:
        return attribute.name
    return next((option.name for option in attribute.scale.options if option.slug == slug), slug)
