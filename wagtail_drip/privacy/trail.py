"""What Wagtail's log keeps of exports, erasures and merges: who did it to which contact, and nothing of the contact's."""

from __future__ import annotations

import getpass
from collections.abc import Collection
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import log

from wagtail_drip.contacts.models import Contact

EXPORTED = "wagtail_drip.export_contact"
ERASED = "wagtail_drip.erase_contact"
MERGED = "wagtail_drip.merge_contact"
UNMERGED = "wagtail_drip.unmerge_contact"
CORRECTED = "wagtail_drip.correct_own_data"
RESTRICTED = "wagtail_drip.restrict_own_data"
UNRESTRICTED = "wagtail_drip.unrestrict_own_data"
OBJECTED = "wagtail_drip.object_to_profiling"
AGREED_AGAIN = "wagtail_drip.agree_to_profiling"
INTERESTS_NOTED = "wagtail_drip.note_interests"
INTERESTS_FORGOTTEN = "wagtail_drip.forget_interests"


def note(contact_id: int, action: str, *, user: Any = None, by: str = "") -> None:
    """
    Append to the log what somebody did to a contact.

    :param by: who it was at the command line, where there is no *user*.
    """
    # A row without its person's name: the log's label is what the row calls itself.
    nameless = Contact(pk=contact_id)
    log(instance=nameless, action=action, user=user, data={"by": by} if by else None)


def at_the_command_line() -> str:
    """Return who runs this program, as *by* of ``note``; '' where they have no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return ""


def forget(contact_ids: Collection[int]) -> int:
    """Take what Wagtail's log says of these contacts out of it: their labels and what was noted beside them."""
    from wagtail.models import ModelLogEntry

    rows = ModelLogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Contact), object_id__in=[str(pk) for pk in contact_ids]
    )
    for pk in contact_ids:
        rows.filter(object_id=str(pk)).exclude(action__in=(EXPORTED, ERASED)).update(
            label=str(_("Contact %(number)s") % {"number": pk}), data={}
        )
    return len(contact_ids)
