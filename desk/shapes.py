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
"""The cleaned values of a form, by the names of fields."""
type Initial = dict[str, Any]
"""The initial values of a form, by the names of fields."""


class FormOptions(TypedDict, total=False):
    """The options with which Django builds a model form, besides posted data."""

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
    """The options with which Django builds an inline's formset."""

    data: "Posted | None"
    files: "Files | None"
    save_as_new: bool
    prefix: str | None
    queryset: QuerySet | None


class FieldOptions(TypedDict, total=False):
    """The options that our own form fields pass on."""

    required: bool
    widget: Widget | type[Widget] | None
    label: "_StrOrPromise | None"
    help_text: "_StrOrPromise"
    validators: Iterable[Callable[[str], None]]


class TextFieldOptions(FieldOptions, total=False):
    """The options that our own text fields pass on."""

    max_length: int | None
