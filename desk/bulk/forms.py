from django import forms
from import_export.forms import ExportForm


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        error_messages={"required": "Choose a file.", "missing": "Choose a file.", "empty": "The file is empty."},
        max_length=None,
    )


class SheetExportForm(ExportForm):
    """In which format. The rows are those that the list shows."""

    def _init_formats(self, formats: list[type]) -> None:
        self.fields["format"].widget = forms.RadioSelect()
        self.fields["format"].choices = [(str(number), kind().get_title()) for number, kind in enumerate(formats)]
        self.initial.setdefault("format", "0")
