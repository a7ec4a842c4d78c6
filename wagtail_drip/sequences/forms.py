"""Rules on a whole sequence, checked when it is published; drafts may be unfinished."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.blocks import StreamBlockValidationError, StructBlockValidationError

from wagtail_drip.events import catalogue
from wagtail_drip.sequences import problems, trigger_fields
from wagtail_drip.sequences.blocks import tree
from wagtail_drip.sequences.types import Problem

EVENT_FIELDS = ("trigger_event", "goal_event")


class SequenceForm(WagtailAdminModelForm):
    """
    Puts each problem beside the field of the step that it belongs to.

    Saving a draft, autosave and the live preview defer all of it: an error there would stop them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in EVENT_FIELDS:
            if name in self.fields:
                self.fields[name] = self._event_choice(name)
        trigger_fields.prepare(self.fields)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        trigger_fields.fill_blanks(cleaned, type(self.instance))
        return cleaned

    def _event_choice(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        present = getattr(self.instance, name)
        choices = list(catalogue.choices())
        if present and present not in dict(choices):
            # One of the site's own, or one whose app is gone: publishing says so, a draft keeps it.
            found = catalogue.find(present)
            choices.append((present, found.sentence if found else present))
        empty = _("Choose…") if name == "trigger_event" else _("No goal")
        return forms.ChoiceField(
            choices=[("", empty), *choices],
            required=False,
            label=capfirst(str(field.label)),
            help_text=field.help_text,
        )

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.is_deferred_validation or self.errors:
            return
        found = problems.errors(self.instance)
        for problem in found:
            if not problem.step_id:
                self.add_error(
                    problem.field if problem.field in self.fields else None, ValidationError(problem.message)
                )
        of_steps = [problem for problem in found if problem.step_id]
        if of_steps and "steps" in self.fields:
            self.add_error("steps", _beside_the_steps(self.instance.steps, of_steps))
        elif of_steps:
            self.add_error(None, ValidationError([str(problem) for problem in of_steps]))


def _beside_the_steps(stream: Any, found: list[Problem]) -> StreamBlockValidationError:
    """Return the problems nested as the steps are, which is how Wagtail marks the fields."""
    block_errors = {}
    for index, child in enumerate(stream):
        own = [problem for problem in found if problem.step_id == child.id]
        by_field: dict[str, ValidationError] = {}
        for problem in own:
            if problem.field in child.block.child_blocks and not _is_stream(child.block, problem.field):
                by_field.setdefault(problem.field, ValidationError(problem.message))
        for key in child.block.branches:
            nested = _inside(child.value[key], found)
            if nested:
                by_field[key] = _beside_the_steps(child.value[key], nested)
        for name in child.block.path_lists:
            paths = {
                index: StructBlockValidationError(
                    block_errors={"steps": _beside_the_steps(path.value["steps"], nested)}
                )
                for index, path in enumerate(child.value[name])
                if (nested := _inside(path.value["steps"], found))
            }
            if paths:
                by_field[name] = StreamBlockValidationError(block_errors=paths)
        loose = [
            ValidationError(problem.message)
            for problem in own
            if problem.field not in child.block.child_blocks or _is_stream(child.block, problem.field)
        ]
        if by_field or loose:
            block_errors[index] = StructBlockValidationError(
                block_errors=by_field, non_block_errors=loose or None
            )
    return StreamBlockValidationError(block_errors=block_errors)


def _inside(stream: Any, found: list[Problem]) -> list[Problem]:
    """Return the problems of the steps in *stream*, however deep."""
    inside = {place.child.id for place in tree.places(stream)}
    return [problem for problem in found if problem.step_id in inside]


def _is_stream(block: Any, field: str) -> bool:
    return field in block.child_blocks and hasattr(block.child_blocks[field], "child_blocks")
