"""What Wagtail's admin is told of us. Only wiring stands here; the screens are in ``admin``."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.viewsets.base import ViewSet
from wagtail.log_actions import LogActionRegistry
from wagtail.snippets.models import register_snippet

from wagtail_drip.admin import content_checks
from wagtail_drip.admin.alarms import WorkersBanner
from wagtail_drip.admin.contacts import bulk, complaints, handing_on, lists, stops
from wagtail_drip.admin.content import viewsets as content_screens
from wagtail_drip.admin.imports import views as imports
from wagtail_drip.admin.interests import viewsets as interest_screens
from wagtail_drip.admin.judged import views as judged
from wagtail_drip.admin.keywords import views as keywords
from wagtail_drip.admin.menu import TextMessagesGroup
from wagtail_drip.admin.opt_in_wordings import history as wording_history
from wagtail_drip.admin.outside import again
from wagtail_drip.admin.preview.chooser import person_chooser_viewset
from wagtail_drip.admin.ready import history as ready_history
from wagtail_drip.admin.reports.home import HomePanel
from wagtail_drip.admin.segments import viewsets as segment_screens
from wagtail_drip.admin.sending_times import history as hours_history
from wagtail_drip.admin.sequences import adapters, send_once
from wagtail_drip.admin.sequences import preview as sequence_preview
from wagtail_drip.admin.sequences.views import refuse_to_delete
from wagtail_drip.admin.word_lists import history as word_history
from wagtail_drip.content import preview as content_slot
from wagtail_drip.content.models import MessageTemplate
from wagtail_drip.privacy import trail
from wagtail_drip.sequences import preview as sequence_slot
from wagtail_drip.sequences.models import Sequence

register_snippet(TextMessagesGroup)
adapters.register_adapters()
hooks.register("register_bulk_action", bulk.AddTag)
hooks.register("register_bulk_action", bulk.RemoveTag)
hooks.register("register_bulk_action", bulk.Export)

# Drawing a preview needs every floor; the rooms below only hold a slot for it.
sequence_slot.renderer = sequence_preview.render
content_slot.renderer = content_screens.render_preview


@hooks.register("register_admin_viewset")
def register_person_chooser() -> ViewSet:
    return person_chooser_viewset


@hooks.register("register_permissions")
def register_permissions() -> QuerySet[Permission]:
    """Let groups be given what no viewset of Wagtail's registers by itself."""
    return Permission.objects.filter(
        content_type__app_label="wagtail_drip",
        codename__in=[
            "view_contact",
            "change_contact",
            "export_contact",
            "see_numbers",
            "import_contact",
            "erase_contact",
            "merge_contact",
            "change_consent",
            "view_message",
            "view_outsidecall",
            "change_outsidecall",
            "change_sitesettings",
            "open_texting",
            "stop_everything",
        ],
    )


@hooks.register("register_log_actions")
def register_log_actions(actions: LogActionRegistry) -> None:
    actions.register_action(
        again.LOGGED, _("Try a call to the outside again"), _("Had a call to the outside tried again")
    )
    actions.register_action(trail.CORRECTED, _("Correct own data"), _("Corrected their own data"))
    actions.register_action(trail.RESTRICTED, _("Restrict own data"), _("Had their data kept and not used"))
    actions.register_action(
        trail.UNRESTRICTED, _("Lift the restriction of own data"), _("Let their data be used again")
    )
    actions.register_action(trail.OBJECTED, _("Object to profiling"), _("Objected to conclusions about them"))
    actions.register_action(
        trail.AGREED_AGAIN, _("Allow profiling again"), _("Took back their objection to conclusions")
    )
    actions.register_action(
        trail.INTERESTS_NOTED, _("Note interests"), _("Noted what they are interested in")
    )
    actions.register_action(
        trail.INTERESTS_FORGOTTEN, _("Forget interests"), _("Had forgotten what interest they have shown")
    )
    actions.register_action(trail.ERASED, _("Erase a person"), _("Erased this person"))
    actions.register_action(trail.MERGED, _("Merge contacts"), _("Made another contact one with this person"))
    actions.register_action(trail.UNMERGED, _("Undo a merge"), _("Made two people of one again"))
    actions.register_action(
        trail.EXPORTED, _("Download a person's data"), _("Downloaded everything held about this person")
    )
    actions.register_action(
        lists.LOGGED, _("Download a list of contacts"), _("Downloaded a list of contacts")
    )
    actions.register_action(bulk.LOGGED, _("Change tags of contacts"), _("Changed tags of contacts"))
    actions.register_action(
        judged.LOGGED, _("Decide on a judged stop"), _("Decided whether a text of theirs was a stop")
    )
    actions.register_action(complaints.LOGGED, _("Note a complaint"), _("Noted a complaint"))
    actions.register_action(
        stops.LOGGED,
        _("Text a number again"),
        _("Let this number be texted again, to which texts had failed"),
    )
    actions.register_action(
        handing_on.LOGGED,
        _("Take a number from a contact"),
        _("Took the number from this contact, for somebody else has it"),
    )
    actions.register_action(keywords.ADDED, _("Add a stop or help word"), _("Added a stop or help word"))
    actions.register_action(
        keywords.CHANGED, _("Change a stop or help word"), _("Changed a stop or help word")
    )
    actions.register_action(
        keywords.DELETED, _("Delete a stop or help word"), _("Deleted a stop or help word")
    )
    actions.register_action(
        send_once.LOGGED, _("Send once"), _("Started, paused or let go on what goes out once")
    )
    actions.register_action(imports.LOGGED, _("Import contacts"), _("Imported contacts"))
    actions.register_action(
        imports.TAKEN_BACK, _("Take a list of numbers back"), _("Took back a list of numbers")
    )
    word_history.register(actions)
    wording_history.register(actions)
    hours_history.register(actions)
    ready_history.register(actions)


@hooks.register("construct_homepage_panels")
def add_home_panel(request: HttpRequest, panels: list[Any]) -> None:
    banner = WorkersBanner(request)
    if banner.is_shown():
        panels.append(banner)
    panel = HomePanel(request)
    if panel.is_shown():
        panels.append(panel)


@hooks.register("construct_snippet_action_menu")
def put_publish_first(items: list[Any], request: HttpRequest, context: dict[str, Any]) -> None:
    """Autosave keeps drafts by itself, so the big button is the one that people press."""
    if context["model"] in (Sequence, MessageTemplate):
        items.sort(key=lambda item: item.name != "action-publish")


@hooks.register("before_delete_snippet")
def keep_what_has_run(request: HttpRequest, instances: list[Any]) -> HttpResponse | None:
    return (
        refuse_to_delete(request, instances)
        or segment_screens.refuse_to_delete(request, instances)
        or interest_screens.refuse_to_delete(request, instances)
    )


@hooks.register("construct_wagtail_userbar")
def check_previews(request: HttpRequest, items: list[Any], page: Any = None) -> None:
    content_checks.replace(request, items)
