"""The form of a saved message: what could never be sent is refused when it is published."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from wagtail.admin.forms.models import WagtailAdminModelForm

from wagtail_drip.content import problems


class MessageTemplateForm(WagtailAdminModelForm):
    """Saving a draft, autosave and the live preview defer it: an error there would stop them."""

    def _post_clean(self) -> None:
        super()._post_clean()
        text = self.cleaned_data.get("text")
        if self.is_deferred_validation or self.errors or text is None:
            return
        fault = problems.fault_in(text, trigger_event="")
        if fault:
            self.add_error("text", ValidationError(fault))
