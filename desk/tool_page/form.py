"""The form of a tool's own fields on its page of the desk."""

from typing import Unpack

from django import forms

from desk.fields import MARKDOWN_PREVIEW_URL, LinesField
from desk.shapes import Cleaned, Files, FormOptions, Posted
from tools import logos, slugs
from tools.models import Category, Tool
from tools.slugged import FormerSlug
from web.fields import LineField, MultilineField, get_max_length

FORM_FIELDS = ("name", "slug", "category", *(field for field in Tool.OWN_FIELDS if field != "name"))
WITHOUT_NEW_LOGO = "without_new_logo"
TAGLINE_ROOM = 120  # characters that fit on two lines


def find_free_slug(name: str, *, tool_id: int | None = None) -> str:
    """Return a slug made from a name that no other tool has or had; "" if the name has no Latin letter or digit.

    `tool_id` is the tool that the slug is for; its own slugs are free.
    """
    stem = slugs.slug_from_name(name)
    if not stem:
        return ""
    longest = slugs.MAX_LENGTH - 5  # leaves room for a number
    tools = Tool.objects.filter(slug__startswith=stem[:longest]).exclude(pk=tool_id)
    former = FormerSlug.objects.filter(table=Tool._meta.db_table, slug__startswith=stem[:longest])
    taken = {
        *tools.values_list("slug", flat=True),
        *former.exclude(object_id=tool_id or 0).values_list("slug", flat=True),
    }
    numbered = (f"{stem[:longest].rstrip('-')}-{number}" for number in range(2, 10_000))
    return next(slug for slug in (stem, *numbered) if slug not in taken)


class ToolForm(forms.ModelForm):
    """A tool's own fields. Publishing has its own buttons."""

    slug = LineField(  # not a SlugField, whose own message also allows underscores
        required=False,
        max_length=slugs.MAX_LENGTH,
        validators=[slugs.validate_slug, slugs.validate_pairable],
        help_text="The last part of its address. Leave empty to make it from the name.",
    )
    rename_to = LineField(
        required=False,
        max_length=slugs.MAX_LENGTH,
        validators=[slugs.validate_slug, slugs.validate_pairable],
        label="Rename the address",
        help_text="Only to move the tool to another address. Old links keep working: they redirect to the new one.",
    )
    description = MultilineField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 8, "data-preview": MARKDOWN_PREVIEW_URL}),
        help_text="Markdown.",
    )
    aliases = LinesField(
        required=False,
        max_length=get_max_length(Tool, "aliases"),
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Other names",
        help_text="What people may search for; one per line.",
    )
    model_ids = LinesField(
        required=False,
        max_length=get_max_length(Tool, "model_ids"),
        widget=forms.Textarea(attrs={"rows": 2}),
        label="Model ids",
        help_text="For a model: its ids in genai-prices, such as openai:gpt-5-mini; one per line.",
    )
    logo_file = forms.FileField(
        required=False,
        label="Logo",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
        help_text=f"PNG, JPEG, WebP, or GIF, at most 2 MB and {logos.MAX_SIDE:,} pixels on a side. We keep "
        f"{logos.SIDE} × {logos.SIDE} pixels of the image and discard everything else in the file.",
    )
    remove_logo = forms.BooleanField(required=False, label="Remove the logo")
    without_new_logo = forms.BooleanField(required=False, label="Leave the new logo out of this pending change")

    class Meta:
        model = Tool
        fields = FORM_FIELDS
        widgets = {"website": forms.URLInput(attrs={"class": "vURLField", "placeholder": "https://"})}

    def __init__(self, data: Posted | None = None, files: Files | None = None, **options: Unpack[FormOptions]) -> None:
        super().__init__(data, files, **options)
        if "tagline" in self.fields:
            self.fields["tagline"].widget.attrs |= {
                "data-count": "",
                "data-most": TAGLINE_ROOM,
                "class": "vTextField",
            }
            self.fields["tagline"].help_text = f"One line. Cards have room for about {TAGLINE_ROOM} characters."
        if "category" in self.fields and not self.instance.pk and "category" not in self.initial:
            categories = list(Category.objects.all()[:2])
            if len(categories) == 1:  # the only choice
                self.initial["category"] = categories[0].pk

    def clean_logo_file(self) -> logos.Logo | None:
        upload = self.cleaned_data["logo_file"]
        return logos.read(upload) if upload else None

    def clean(self) -> Cleaned:
        cleaned = super().clean() or self.cleaned_data
        name = cleaned.get("name") or ""
        if "slug" in self.fields and not cleaned.get("slug") and "slug" not in self.errors and name:
            cleaned["slug"] = find_free_slug(name, tool_id=self.instance.pk)
            if not cleaned["slug"]:
                self.add_error("slug", "The name has no Latin letter or digit to make a slug from. Enter a slug.")
        if "aliases" in cleaned:
            other_names = {name.casefold(), (cleaned.get("short_name") or "").casefold()}
            cleaned["aliases"] = [alias for alias in cleaned["aliases"] if alias.casefold() not in other_names]
        if (slug := cleaned.get("rename_to")) and slug != self.instance.slug:
            self._check_rename(slug)
        return cleaned

    def _check_rename(self, slug: str) -> None:
        others = Tool.objects.filter(slug=slug).exclude(pk=self.instance.pk)
        former = FormerSlug.objects.filter(table=Tool._meta.db_table, slug=slug).exclude(object_id=self.instance.pk)
        if others.exists():
            self.add_error("rename_to", "Another tool has this slug.")
        elif former.exists():
            self.add_error("rename_to", "Old links to something else use this slug; choose another.")

    def full_clean(self) -> None:
        super().full_clean()
        # Not before: the instance keeps its slug while its constraints are validated.
        if self.is_bound and (slug := self.cleaned_data.get("rename_to")) and "rename_to" not in self.errors:
            self.instance.slug = slug
