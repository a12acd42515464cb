"""The site's own SQL functions as expressions: its arithmetic, and names without case and accents.

Percentages and the Wilson interval are computed in the database and nowhere else. tools/sql/arithmetic.sql has the
formulas and their source.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, DateTimeField, FloatField, Func, IntegerField, Lookup, Model, TextField


class WholePercent(Func):
    """A share (0–1), or a part and its total, as a whole percent (0–100) rounded half up; NULL if the total is 0."""

    function = "whole_percent"
    output_field = IntegerField()


class WilsonLow(Func):
    """The lower bound of the 95% Wilson score interval of successes and trials, as a share (0–1); NULL for 0 trials."""

    function = "wilson_low"
    arity = 2
    output_field = FloatField()


class WilsonHigh(Func):
    """The upper bound of the same interval."""

    function = "wilson_high"
    arity = 2
    output_field = FloatField()


class Folded(Func):
    """A text without case and accents (web/folding.py)."""

    function = "folded"
    arity = 1
    output_field = TextField()


class SortKey(Func):
    """What names are sorted by: without case and accents, numbers by value, the same on every server."""

    function = "sort_key"
    template = '%(function)s(%(expressions)s) COLLATE "C"'
    arity = 1
    output_field = TextField()


@CharField.register_lookup
@TextField.register_lookup
@ArrayField.register_lookup
class FoldedContains(Lookup):
    """`name__folded_contains="naive"`: whether a text, or an array, contains words, ignoring case and accents.

    It reads every row, as `icontains` does.
    """

    lookup_name = "folded_contains"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        text, parameters = self.process_lhs(compiler, connection)
        return f"strpos(folded({text}::text), folded(%s)) > 0", (*parameters, str(self.rhs))


class LastChanged(Func):
    """When any of some columns of a row of a model last changed, by its history; NULL if none ever did."""

    output_field = DateTimeField(null=True)

    def __init__(self, model: type[Model], pk: Any, *columns: str) -> None:
        history: Any = model.history.model  # type: ignore[attr-defined] # tracked models have a history
        names = ", ".join(f"'{column}'" for column in columns)
        super().__init__(pk, template=f"last_changed('{history._meta.db_table}', %(expressions)s, {names})")
