"""StepsField: the steps of a sequence, whose blocks stay out of migrations; these remember this module's path, so it stays."""

from __future__ import annotations

from wagtail_drip.core.block_fields import UnwrittenBlocksField


class StepsField(UnwrittenBlocksField):
    pass
