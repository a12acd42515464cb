"""The forms of import and export pages."""

from django import forms

from desk.files.formats import FORMATS


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        error_messages={"required": "Choose a file.", "missing": "Choose a file.", "empty": "The file is empty."},
        max_length=None,
    )


class SheetExportForm(forms.Form):
    """The format of an export. Its rows are the ones that the change list shows."""

    format = forms.ChoiceField(
        choices=[(extension, sheet_format.label) for extension, sheet_format in FORMATS.items()],
        initial="csv",
        widget=forms.RadioSelect,
    )
