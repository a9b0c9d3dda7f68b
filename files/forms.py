from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from files.kinds import EXTENSIONS

MOST_AT_ONCE = 20
_TYPES = "PDF, Word, Excel, PowerPoint, CSV, JPEG and PNG"


class _ManyFilesInput(forms.FileInput):
    allow_multiple_selected = True


class _ManyFilesField(forms.Field):
    widget = _ManyFilesInput

    def clean(self, value: Any) -> list["UploadedFile[bytes]"]:
        chosen: list[UploadedFile[bytes]] = list(value or [])
        if not chosen:
            raise forms.ValidationError("Choose at least one file.")
        if len(chosen) > MOST_AT_ONCE:
            raise forms.ValidationError(
                f"You chose {len(chosen)} files: nothing was uploaded. "
                f"Choose at most {MOST_AT_ONCE} at a time."
            )
        return chosen


class UploadForm(forms.Form):
    """Takes up to twenty files; what is wrong with a single one is said when it is stored."""

    file = _ManyFilesField(
        label="Files",
        help_text=f"{_TYPES}, up to 10 MB each, {MOST_AT_ONCE} at a time.",
        widget=_ManyFilesInput(
            attrs={"accept": ",".join(f".{each}" for each in sorted(EXTENSIONS))}
        ),
    )
