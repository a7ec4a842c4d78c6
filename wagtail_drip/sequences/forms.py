"""Rules on a whole sequence, checked when it is published; drafts may be unfinished."""

from __future__ import annotations

from wagtail.admin.forms.models import WagtailAdminModelForm


class SequenceForm(WagtailAdminModelForm):
    pass
