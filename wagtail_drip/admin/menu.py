"""The one menu "Text messages". Each screen's viewset stands here; its ``menu_order`` says where it is shown."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail.snippets.views.snippets import SnippetViewSetGroup

from wagtail_drip.admin.calendar.views import CalendarViewSet
from wagtail_drip.admin.contacts.viewsets import ContactViewSet
from wagtail_drip.admin.content.viewsets import MessageTemplateViewSet
from wagtail_drip.admin.imports.views import ImportsViewSet
from wagtail_drip.admin.interests.viewsets import InterestViewSet
from wagtail_drip.admin.judged.views import JudgedViewSet
from wagtail_drip.admin.messaging.viewsets import MessageViewSet
from wagtail_drip.admin.often.views import OftenViewSet
from wagtail_drip.admin.outside.viewsets import NoticeViewSet, WebhookCallViewSet
from wagtail_drip.admin.segments.viewsets import SegmentViewSet
from wagtail_drip.admin.sending_times.views import SendingTimesViewSet
from wagtail_drip.admin.sequences.viewsets import SequenceViewSet
from wagtail_drip.admin.settings import SettingsViewSet


class TextMessagesGroup(SnippetViewSetGroup):
    """Sites add entries of their own through the hook ``register_text_messages_menu_item`` (Wagtail ≥ 8.0)."""

    items = (
        SequenceViewSet,
        MessageTemplateViewSet,
        ContactViewSet(),
        ImportsViewSet(),
        SegmentViewSet,
        InterestViewSet,
        MessageViewSet(),
        JudgedViewSet(),
        NoticeViewSet(),
        WebhookCallViewSet(),
        SendingTimesViewSet(),
        OftenViewSet(),
        CalendarViewSet(),
        SettingsViewSet(),
    )
    menu_label = _("Text messages")
    menu_name = "text-messages"
    menu_icon = "mobile-alt"
    menu_order = 150
    submenu_hook = "register_text_messages_menu_item"
