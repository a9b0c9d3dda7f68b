from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from files.kinds import EXTENSIONS

MOST_AT_ONCE = 20


class _ManyFilesInput(forms.FileInput):
    allow_multiple_selected = True


class _ManyFilesField(forms.Field):
    widget = _ManyFilesInput

    def clean(self, value: Any) -> list["UploadedFile[bytes]"]:
        chosen: list[UploadedFile[bytes]] = list(value or [])
        if not chosen:
            raise forms.ValidationError(_("Choose at least one file."))
        if len(chosen) > MOST_AT_ONCE:
            raise forms.ValidationError(
                _(
                    "You chose %(chosen)d files: nothing was uploaded. "
                    "Choose at most %(most)d at a time."
                )
                % {"chosen": len(chosen), "most": MOST_AT_ONCE}
            )
        return chosen


class UploadForm(forms.Form):
    """Takes up to twenty files; what is wrong with a single one is said when it is stored."""

    file = _ManyFilesField(
        label=_("Files"),
        help_text=format_lazy(
            _(
                "PDF, Word, Excel, PowerPoint, CSV, JPEG and PNG, up to 10 MB each, "
                "{most} at a time."
            ),
            most=MOST_AT_ONCE,
        ),
        widget=_ManyFilesInput(
            attrs={"accept": ",".join(f".{each}" for each in sorted(EXTENSIONS))}
        ),
    )
