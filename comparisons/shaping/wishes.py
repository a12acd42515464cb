"""What a search asks for besides words: a category, a price, and facts, as in `free vector database`. No queries."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from comparisons.addresses import reverse_slug
from comparisons.reading.records import ListedAttribute, ListedCategory
from comparisons.shaping import facets
from comparisons.shaping.facets import FactFilter
from comparisons.shaping.listed_needs import to_criterion
from comparisons.shaping.needs import Need
from tools.choices import AttributeKind, Better, Grade, PlanKind
from tools.prices import format_budget
from tools.search import split_words
from tools.values import Scale, parse_value
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
_NUMBER = re.compile(r"(?<![\w.-])\d+(?:,\d{3})*(?:\.\d+)?(?:k|m|bn|b|t)?(?![\w.])")  # `128k`, `1.5M`, `128,000`
# What may stand between a number and what it counts: `a context of at least 128k`.
_BOUNDS = set(_stem_all("a an the of with at to in least over above more than from minimum min"))
_LIMITS = set(_stem_all("most under below up less fewer max maximum"))


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
    attributes: tuple[ListedAttribute, ...] = ()
    """The attributes that the facts are about."""

    @property
    def is_filter(self) -> bool:
        """Whether it asks for more than a category."""
        return bool(self.price or self.budget is not None or self.facts)

    @property
    def labels(self) -> list[str]:
        """The filters in words, as lists name them."""
        return [
            *([PlanKind(self.price).label] if self.price else []),
            *([format_budget(self.budget)] if self.budget is not None else []),
            *(_name_fact(attribute, self.facts[attribute.id]) for attribute in self.attributes),
        ]

    @property
    def needs(self) -> tuple[Need, ...]:
        """The facts as must-haves: lists of all categories have no other filters by facts."""
        if self.category:
            return ()
        return tuple(_to_need(attribute, self.facts[attribute.id]) for attribute in self.attributes)

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
        needs = "need=" + ",".join(need.key for need in self.needs) if self.needs else ""
        facts = facets.write_query(self.attributes, self.facts, None) if self.category else needs
        return f"{reverse('tools')}?{'&'.join(filter(None, [urlencode(pairs), facts]))}"


class _Phrase(NamedTuple):
    """Words that mean a category, by its name or as the only one that knows an option."""

    words: tuple[str, ...]
    category: ListedCategory
    is_option: bool = False


class _Option(NamedTuple):
    """Words that mean an option of an attribute, given by slug, or ("") that a number is about an attribute."""

    words: tuple[str, ...]
    attribute: ListedAttribute
    slug: str = ""


def read_wish(words: str, categories: Sequence[ListedCategory]) -> Wish | None:
    """Return what a search asks for; None if it names neither a category nor, with nothing else beside them, a price,
    a number, or several facts.
    """
    budget, rest = _take_amount(fold(words))
    rest, numbers = _spell_out_numbers(rest)
    tokens = _stem_all(rest)
    if len(tokens) > MAX_WORDS:
        return None
    named = _find_category(tokens, categories)
    category = named.category if named else None
    if named:
        tokens = tokens if named.is_option else _take(tokens, named.words)
    if _NEGATIONS.intersection(tokens):  # a filter would show the opposite of what is meant
        return Wish(category, "", None, {}, is_whole=False) if category else None
    known = category.attributes if category else _list_attributes(categories)
    facts, tokens = _take_facts(tokens, numbers, known)
    price = next((_PRICES[token] for token in tokens if token in _PRICES), "")
    budget = CHEAP if budget is None and _CHEAP.intersection(tokens) else budget
    left = {token for token in tokens if token not in _PRICES} - _CHEAP - _FILLERS
    about = tuple(attribute for attribute in known if attribute.id in facts)
    is_clear = price or budget is not None or len(facts) > 1 or any(map(facets.is_number, about))
    if not category and (left or not is_clear):
        return None
    return Wish(category or _imply_category(about, categories), price, budget, facts, not left, about)


def _spell_out_numbers(text: str) -> tuple[str, set[str]]:
    """Return a folded text with its whole numbers in digits, `128k` as `128000`, and those numbers. Others, such as
    `3.1`, stay as they are.
    """
    numbers = set()

    def spell_out(match: re.Match[str]) -> str:
        try:
            digits = parse_value(Scale(AttributeKind.NUMBER.value), match[0])
        except ValueError:
            return match[0]
        if not digits.isdigit() or re.fullmatch(r"[\d.]*\.0*", match[0]):
            return match[0]
        numbers.add(digits)
        return digits

    return _NUMBER.sub(spell_out, text), numbers


def _list_attributes(categories: Sequence[ListedCategory]) -> tuple[ListedAttribute, ...]:
    return tuple({attribute.id: attribute for category in categories for attribute in category.attributes}.values())


def _imply_category(
    attributes: Sequence[ListedAttribute], categories: Sequence[ListedCategory]
) -> ListedCategory | None:
    """Return the category that alone has all these attributes, of which there is one at least; otherwise None."""
    wanted = {attribute.id for attribute in attributes}
    having = [one for one in categories if wanted <= {attribute.id for attribute in one.attributes}]
    return having[0] if wanted and len(having) == 1 else None


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
        for option in _name_options(category.attributes):
            if len(option.words) > 1 and shared.count(option.attribute.id) == 1 and option.slug:
                yield _Phrase(option.words, category, is_option=True)


def _name_options(attributes: Iterable[ListedAttribute]) -> Iterator[_Option]:
    """Yield everything that means an option of these attributes, or one that is a number and has a better end."""
    for attribute in attributes:
        own = [attribute.name, *(alias.name for alias in attribute.aliases if not alias.choice)]
        if attribute.scale.kind == AttributeKind.GRADE:
            yield from (_Option(_stem_all(name), attribute, Grade.YES.value) for name in own)
        elif attribute.better:
            named = [*own, attribute.name.partition(",")[0], attribute.scale.unit]  # `Dimensions, at most`
            yield from (_Option(_stem_all(name), attribute) for name in named)
        else:
            for option in attribute.scale.options:
                aliases = (alias.name for alias in attribute.aliases if alias.choice == option.slug)
                for name in (option.name, option.slug, *aliases):
                    yield _Option(_stem_all(name), attribute, option.slug)


def _take_facts(
    tokens: tuple[str, ...], numbers: Collection[str], attributes: Sequence[ListedAttribute]
) -> tuple[dict[int, FactFilter], tuple[str, ...]]:
    """Return the facts that a search asks for, the longest phrases first, and the words that are left."""
    facts: dict[int, FactFilter] = {}
    for option in sorted(_name_options(attributes), key=lambda one: -len(one.words)):
        place = _place(tokens, option.words)
        if option.attribute.id in facts or place is None:
            continue
        start, end = place, place + len(option.words)
        if option.slug:
            facts[option.attribute.id] = FactFilter((option.slug,))
        elif counted := _find_number(tokens, numbers, (start, end), option.attribute):
            number, start, end = counted
            is_lower = option.attribute.better == Better.LOWER
            facts[option.attribute.id] = FactFilter((), None, number) if is_lower else FactFilter((), number)
        else:
            continue
        tokens = tokens[:start] + tokens[end:]
    order = [attribute.id for attribute in attributes]
    return {pk: facts[pk] for pk in order if pk in facts}, tokens


def _find_number(
    tokens: tuple[str, ...], numbers: Collection[str], phrase: tuple[int, int], attribute: ListedAttribute
) -> tuple[Decimal, int, int] | None:
    """Return the number before or after a phrase for an attribute, and where the two begin and end. None without one,
    and if it bounds the attribute from the side that does not matter: `at most 128k context`.
    """
    skipped = {*_BOUNDS, *_stem_all(attribute.scale.unit)}
    start, end = phrase
    before = next((place for place in range(start - 1, -1, -1) if tokens[place] not in skipped), None)
    after = next((place for place in range(end, len(tokens)) if tokens[place] not in skipped), None)
    place = next((one for one in (before, after) if one is not None and tokens[one] in numbers), None)
    if place is None:
        return None
    lead = next((one for one in range(place - 1, -1, -1) if tokens[one] not in _BOUNDS), None)
    is_limit = lead is not None and tokens[lead] in _LIMITS
    if is_limit and attribute.better == Better.HIGHER:
        return None
    first = lead if is_limit and lead is not None else place
    return Decimal(tokens[place]), min(first, start), max(place + 1, end)


def _place(tokens: tuple[str, ...], phrase: tuple[str, ...]) -> int | None:
    """Return where a phrase begins in a search; None if it is not in it, or says nothing."""
    size = len(phrase)
    if not phrase or (size == 1 < len(tokens) and (len(phrase[0]) < 2 or phrase[0] in _FILLERS)):
        return None
    return next((start for start in range(len(tokens) - size + 1) if tokens[start : start + size] == phrase), None)


def _take(tokens: tuple[str, ...], phrase: tuple[str, ...]) -> tuple[str, ...]:
    start = _place(tokens, phrase) or 0
    return tokens[:start] + tokens[start + len(phrase) :]


def _to_need(attribute: ListedAttribute, wanted: FactFilter) -> Need:
    """Return a fact that a search asks for as a must-have."""
    number = wanted.low if wanted.low is not None else wanted.high
    if attribute.scale.kind == AttributeKind.GRADE:
        return Need(to_criterion(attribute))
    return Need(to_criterion(attribute), wanted.options[0] if number is None else f"{number:f}")


def _name_fact(attribute: ListedAttribute, wanted: FactFilter) -> str:
    if wanted.options and attribute.scale.kind == AttributeKind.CHOICE:
        return dict(attribute.scale.options)[wanted.options[0]]
    return _to_need(attribute, wanted).label
