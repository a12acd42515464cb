"""Types that modules of the desk share: what views, forms, fields, and templates of Django's take and return."""

from collections.abc import Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, TypedDict

from django.db.models import Model, QuerySet
from django.forms import Widget
from django.forms.renderers import BaseRenderer
from django.forms.utils import ErrorList

from web.http import AnyView

if TYPE_CHECKING:  # names that only the type stubs have
    from django.contrib.admin.options import _FieldGroups, _FieldsetSpec
    from django.forms.utils import _DataT, _FilesT
    from django.utils.functional import _StrOrPromise

type WrapView = Callable[[AnyView], AnyView]
"""The `admin_view` of the site."""

type Context = dict[str, Any]
"""What a template of the admin gets. Each template reads values of its own."""
type FieldGroups = _FieldGroups
type Fieldsets = _FieldsetSpec

type Posted = _DataT
type Files = _FilesT
type Cleaned = dict[str, Any]
"""What the fields of a form made of what was typed, by name."""
type Initial = dict[str, Any]
"""What the fields of a form show at first, by name."""


class FormOptions(TypedDict, total=False):
    """What Django builds a model form with, besides what was posted."""

    auto_id: bool | str
    prefix: str | None
    initial: MutableMapping[str, Any] | None
    error_class: type[ErrorList]
    label_suffix: str | None
    empty_permitted: bool
    instance: Model | None
    use_required_attribute: bool | None
    renderer: BaseRenderer | None


class FormSetOptions(TypedDict, total=False):
    """What Django builds an inline's formset with."""

    data: "Posted | None"
    files: "Files | None"
    save_as_new: bool
    prefix: str | None
    queryset: QuerySet | None


class FieldOptions(TypedDict, total=False):
    """What a form field takes that our own fields pass on."""

    required: bool
    widget: Widget | type[Widget] | None
    label: "_StrOrPromise | None"
    help_text: "_StrOrPromise"
    validators: Iterable[Callable[[str], None]]


class TextFieldOptions(FieldOptions, total=False):
    """What a form field of text takes that our own fields pass on."""

    max_length: int | None
