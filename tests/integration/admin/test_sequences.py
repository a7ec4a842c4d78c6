"""The sequence editor: drafts that may be unfinished, and publishing that says what to mend and where."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from wagtail_drip.sequences import actions
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LIST = "/admin/text-messages/sequences/"


def staff(*permissions: str) -> Client:
    user = User.objects.create_user("ada", password="pass", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=("access_admin", *permissions)))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


EDITOR = ("add_sequence", "change_sequence")
PUBLISHER = (*EDITOR, "publish_sequence")


def live(name: str = "Baskets") -> Sequence:
    steps = [{"type": "send_message", "id": "a", "value": {"text": "Hello"}}]
    sequence = Sequence.objects.create(name=name, trigger_event="cart_abandoned", live=False, steps=steps)
    sequence.save_revision().publish()
    return sequence


def posted(steps: list[dict[str, Any]], **fields: str) -> dict[str, str]:
    """Return what the editor's page would post."""
    data = {
        "name": "Baskets",
        "trigger_event": "cart_abandoned",
        "goal_event": "",
        "trigger_conditions-count": "0",
        "goal_conditions-count": "0",
        "exit_rules-count": "0",
        "reentry": "never",
        "reentry_days": "30",
        "purpose": "promotional",
        "topic": "",
        "site": "",
        "notes": "",
        **_stream("steps", steps),
        **fields,
    }
    return data


def _stream(prefix: str, children: list[dict[str, Any]]) -> dict[str, str]:
    data = {f"{prefix}-count": str(len(children))}
    for index, child in enumerate(children):
        here = f"{prefix}-{index}"
        data |= {f"{here}-deleted": "", f"{here}-order": str(index), f"{here}-type": child["type"]}
        data[f"{here}-id"] = child.get("id", "")
        for name, value in child["value"].items():
            data |= (
                _stream(f"{here}-value-{name}", value)
                if isinstance(value, list)
                else {f"{here}-value-{name}": value}
            )
    return data


def text(words: str, step_id: str = "a") -> dict[str, Any]:
    value = {
        "text": words,
        "name": "",
        "saved_message": "",
        "purpose": "",
        "topic": "",
        "track_links": "on",
        "expires_hours": "",
    }
    return {"type": "send_message", "id": step_id, "value": value}


def branch(
    step_id: str, *, event: str, yes: list[dict[str, Any]], no: list[dict[str, Any]]
) -> dict[str, Any]:
    value = {
        "test": "done",
        "event": event,
        "window": "entry",
        "scope": "sequence",
        "how": "anything",
        "measure": "count",
        "compared": "at_least",
        "group": "marketing",
        "match": "all",
        "conditions": [],
        "property": "",
        "operator": "is",
        "value": "",
        "yes": yes,
        "more": [],
        "also": [],
        "no": no,
    }
    return {"type": "branch", "id": step_id, "value": value}


# The editor


def test_a_draft_may_be_unfinished() -> None:
    client = staff(*EDITOR)

    response = client.post(f"{LIST}add/", posted([text(""), branch("b", event="", yes=[], no=[])]))

    assert response.status_code == 302
    draft = Sequence.objects.get()
    assert not draft.live
    assert not SequenceVersion.objects.exists()


def test_a_sequence_needs_a_name_before_it_is_kept() -> None:
    client = staff(*EDITOR)

    response = client.post(
        f"{LIST}add/", posted([text("Hello")], name=""), headers={"accept": "application/json"}
    )

    assert response.status_code == 400
    assert not Sequence.objects.exists()


def test_publishing_puts_it_into_force() -> None:
    client = staff(*PUBLISHER)

    response = client.post(f"{LIST}add/", {**posted([text("Hello")]), "action-publish": "1"})

    assert response.status_code == 302
    sequence = Sequence.objects.get()
    assert sequence.live
    assert SequenceRuntime.objects.get().trigger_event == "cart_abandoned"
    assert SequenceVersion.objects.get().flow["start"] == sequence.steps[0].id


def test_publishing_marks_the_field_to_mend_however_deep_it_stands() -> None:
    client = staff(*PUBLISHER)
    steps = [
        branch(
            "b", event="order_placed", yes=[branch("c", event="order_placed", yes=[text("")], no=[])], no=[]
        )
    ]

    response = client.post(f"{LIST}add/", {**posted(steps), "action-publish": "1"})

    assert response.status_code == 200
    error = response.context["form"].errors.as_data()["steps"][0]
    told = error.as_json_data()
    for key in ("yes", "yes"):
        (told,) = told["blockErrors"].values()
        told = told["blockErrors"][key]
    (told,) = told["blockErrors"].values()
    assert told["blockErrors"]["text"] == {"messages": ["Write the message, or choose a saved one."]}
    assert not Sequence.objects.exists()


def test_publishing_says_what_is_wrong_with_the_whole() -> None:
    client = staff(*PUBLISHER)

    response = client.post(
        f"{LIST}add/", {**posted([]), "reentry": "after_days", "reentry_days": "0", "action-publish": "1"}
    )

    assert response.context["form"].errors == {
        "steps": ["There are no steps yet. Add the first one."],
        "reentry_days": ["Say after how many days the same person may enter again."],
    }


def test_an_event_whose_app_is_gone_stays_in_the_draft() -> None:
    sequence = Sequence.objects.create(name="Old", trigger_event="moon_landing", live=False)
    client = staff(*PUBLISHER)

    draft = client.post(f"{LIST}edit/{sequence.pk}/", posted([text("Hello")], trigger_event="moon_landing"))
    refused = client.post(
        f"{LIST}edit/{sequence.pk}/",
        {**posted([text("Hello")], trigger_event="moon_landing"), "action-publish": "1"},
    )

    assert draft.status_code == 302
    assert refused.context["form"].errors == {
        "trigger_event": ["“moon_landing” is not an event that happens here. Choose another."]
    }


def test_the_edit_page_says_why_a_publish_did_not_come_into_force() -> None:
    sequence = live()
    actions.mark_failing(sequence.pk, "Step 1, Send a text: Write the message.", now=NOW)

    page = staff(*EDITOR).get(f"{LIST}edit/{sequence.pk}/").content.decode()

    assert "The last publish did not come into force." in page
    assert "Version 1 runs on." in page
    assert "<li>Step 1, Send a text: Write the message.</li>" in page


def test_publish_is_the_big_button() -> None:
    sequence = live()

    page = staff(*PUBLISHER).get(f"{LIST}edit/{sequence.pk}/").content.decode()

    assert page.index('name="action-publish"') < page.index("Save draft")


def test_a_copy_is_a_draft_of_its_own() -> None:
    sequence = live()
    client = staff(*PUBLISHER)

    page = client.get(f"{LIST}copy/{sequence.pk}/").content.decode()
    client.post(f"{LIST}copy/{sequence.pk}/", posted([text("Hello")], name="Baskets, again"))

    assert "Hello" in page
    copy = Sequence.objects.get(name="Baskets, again")
    assert not copy.live
    assert SequenceRuntime.objects.get().sequence == sequence


def test_the_owner_is_told_of_days_that_a_clock_s_trigger_missed() -> None:
    from datetime import timedelta

    from wagtail_drip.admin.sequences.panels import trigger_trouble
    from wagtail_drip.core import clock
    from wagtail_drip.enrolments.models import TriggerCheck
    from wagtail_drip.test.sequences import live_sequence

    now = clock.now()
    made = live_sequence(trigger=None, trigger_kind="once", steps=[("send_message", {"text": "Hello"})])
    row = TriggerCheck.objects.create(sequence=made, checked_until=now)

    found = [trigger_trouble(made.pk, now=now)]
    TriggerCheck.objects.update(missed_since=now - timedelta(days=3), missed_until=now - timedelta(days=2))
    found.append(trigger_trouble(made.pk, now=now))
    found.append(trigger_trouble(made.pk, now=now + timedelta(days=6)))
    TriggerCheck.objects.update(error="Broken.")
    found.append(trigger_trouble(made.pk, now=now + timedelta(days=6)))

    assert found == [None, row, None, row]
