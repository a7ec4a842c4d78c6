"""The same people and the same text through others, each with the settings that suit it best.

Run by ``peers_run.py`` in an environment of its own, where the peers are installed.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEXT = (
    "Hi {{ user.first_name|default:'friend' }}, your order {{ user.id }} is ready in {{ user.last_name }}. "
    "Show this text for 10 percent off today only at any shop. Reply STOP."
)


def set_up(apps: str) -> None:
    sys.path.insert(0, str(HERE))
    os.environ["PEER_APPS"] = apps
    os.environ["DJANGO_SETTINGS_MODULE"] = "peer_settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from django.contrib.auth.models import User

    User.objects.all().delete()


def plant(people: int) -> list[int]:
    from django.contrib.auth.models import User

    User.objects.bulk_create(
        [
            User(username=f"u{n}", email=f"u{n}@example.com", first_name=f"Anna{n}", last_name="Lisbon")
            for n in range(people)
        ],
        batch_size=1000,
    )
    return list(User.objects.order_by("pk").values_list("pk", flat=True))


def drip_campaigns(people: int) -> tuple[int, float]:
    """One process; it has no outbox, no claims, no consent, no quiet hours and no receipts."""
    set_up("drip,drip.campaigns")
    from drip.models import Drip, QuerySetRule, SentDrip

    SentDrip.objects.all().delete()
    Drip.objects.all().delete()
    plant(people)
    drip = Drip.objects.create(name="d", enabled=True, subject_template="Hi", body_html_template=TEXT)
    QuerySetRule.objects.create(drip=drip, field_name="is_active", lookup_type="exact", field_value="True")
    began = time.perf_counter()
    drip.drip.run()
    return SentDrip.objects.count(), time.perf_counter() - began


def post_office(people: int) -> tuple[int, float]:
    """One process, one thread: queued in one go from a template, then sent by a backend that does nothing."""
    set_up("post_office")
    from django.contrib.auth.models import User
    from post_office import mail
    from post_office.models import Email, EmailTemplate

    Email.objects.all().delete()
    plant(people)
    template = EmailTemplate.objects.create(name="thanks", subject="Hi", content=TEXT)
    users = list(User.objects.all())
    began = time.perf_counter()
    mail.send_many(
        [
            {
                "sender": "shop@example.com",
                "recipients": [user.email],
                "template": template,
                "context": {
                    "user": {"id": user.pk, "first_name": user.first_name, "last_name": user.last_name}
                },
                "render_on_delivery": True,
            }
            for user in users
        ]
    )
    while mail.send_queued(processes=1)[0]:
        pass
    return Email.objects.filter(status=0).count(), time.perf_counter() - began


def send_one(pk: int) -> None:
    """What a simple shop does for each message: read, render, write that it was sent."""
    from django.contrib.auth.models import User
    from django.template import Context, Template

    user = User.objects.get(pk=pk)
    Template(TEXT).render(Context({"user": user}))
    User.objects.filter(pk=pk).update(is_staff=True)


def q2_per_message(people: int) -> tuple[int, float]:
    """One django-q2 task a message on the ORM broker with two workers, from the first enqueue to the last end."""
    set_up("django_q")
    from django_q.models import OrmQ, Task
    from django_q.tasks import async_task

    OrmQ.objects.all().delete()
    Task.objects.all().delete()
    pks = plant(people)
    cluster = subprocess.Popen(
        [sys.executable, "-m", "django", "qcluster"],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        time.sleep(4)
        began = time.perf_counter()
        for pk in pks:
            async_task("peers.send_one", pk)
        return _wait_for(people), time.perf_counter() - began
    finally:
        os.killpg(cluster.pid, signal.SIGKILL)
        cluster.wait()


def celery_per_message(people: int) -> tuple[int, float]:
    """One Celery task a message on Redis with two processes, from the first enqueue to the last end."""
    set_up("")
    from peer_celery import app, send

    app.control.purge()
    pks = plant(people)
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "peer_celery", "worker", "-c", "2", "-l", "ERROR"],
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": str(HERE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not app.control.ping(timeout=0.5) and time.monotonic() < deadline:
            pass
        began = time.perf_counter()
        for pk in pks:
            send.delay(pk)
        return _wait_for(people), time.perf_counter() - began
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        app.control.purge()


def _wait_for(people: int) -> int:
    """Return how many were sent, when that is everybody or four minutes are over."""
    from django.contrib.auth.models import User

    deadline = time.monotonic() + 240
    while (done := User.objects.filter(is_staff=True).count()) < people and time.monotonic() < deadline:
        time.sleep(0.1)
    return done


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "peer", choices=["drip_campaigns", "post_office", "q2_per_message", "celery_per_message"]
    )
    parser.add_argument("--people", type=int, default=10_000)
    given = parser.parse_args()
    sent, seconds = globals()[given.peer](given.people)
    print(json.dumps({"sent": sent, "seconds": seconds}))
