"""Appointments, gatherings, courses and property."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from wagtail_drip.events.kinds.wording import kind, needed, optional
from wagtail_drip.events.types import MOMENT, MONEY, NUMBER, EventType

APPOINTMENT = (
    needed("appointment_id", _("Appointment"), "A-17"),
    needed("starts_at", _("Starts"), "2026-12-01T14:30:00+00:00", type=MOMENT),
    optional("ends_at", _("Ends"), "2026-12-01T15:00:00+00:00", type=MOMENT),
    optional("service", _("Service"), "Haircut"),
    optional("staff_name", _("With"), "Sam"),
    optional("location", _("Place"), "12 High Street"),
    optional("manage_url", _("Page to change it"), "https://shop.example/appointments/A-17"),
)
COURSE = (
    needed("course_id", _("Course"), "C-3"),
    optional("course_name", _("Course's name"), "Spanish for beginners"),
    optional("url", _("Course's page"), "https://shop.example/courses/3"),
)
MODULE = (
    optional("module_id", _("Module"), "M-2"),
    optional("module_name", _("Module's name"), "At the market"),
)
HOMEWORK = (
    *COURSE,
    needed("homework_id", _("Homework"), "H-5"),
    optional("homework_name", _("Homework's name"), "Write a shopping list"),
)
GATHERING = (
    needed("event_id", pgettext_lazy("a gathering", "Event"), "E-9"),
    optional("event_name", _("Event's name"), "Coffee tasting"),
    optional("starts_at", _("Starts"), "2026-12-05T18:00:00+00:00", type=MOMENT),
    optional("ends_at", _("Ends"), "2026-12-05T20:00:00+00:00", type=MOMENT),
    optional("location", _("Place"), "12 High Street"),
    optional("ticket_id", _("Ticket"), "T-100"),
    optional("url", _("Event's page"), "https://shop.example/events/9"),
)
LISTING = (
    needed("listing_id", _("Listing"), "L-8"),
    optional("listing_name", _("Listing's name"), "Two rooms with a garden"),
    optional("price", _("Price"), "250000", type=MONEY),
    optional("currency", _("Currency"), "GBP"),
    optional("location", _("Place"), "Bristol"),
    optional("url", _("Listing's page"), "https://shop.example/listings/8"),
)
VIEWING = (
    *LISTING,
    needed("viewing_id", _("Viewing"), "V-21"),
    needed("starts_at", _("Starts"), "2026-12-02T11:00:00+00:00", type=MOMENT),
    optional("agent_name", _("With"), "Alex"),
)

EVENTS: list[EventType] = [
    kind(
        "appointment_booked",
        _("Appointment booked"),
        _("An appointment is booked"),
        *APPOINTMENT,
        dedupe="appointment_id",
        date="starts_at",
        interest=4,
    ),
    kind(
        "appointment_changed",
        _("Appointment changed"),
        _("An appointment is moved or changed"),
        *APPOINTMENT,
        dedupe="appointment_id",
        date="starts_at",
    ),
    kind(
        "appointment_cancelled",
        _("Appointment cancelled"),
        _("An appointment is cancelled"),
        needed("appointment_id", _("Appointment"), "A-17"),
        optional("starts_at", _("Started"), "2026-12-01T14:30:00+00:00", type=MOMENT),
        optional("service", _("Service"), "Haircut"),
        optional("reason", _("Reason"), "Ill"),
        dedupe="appointment_id",
    ),
    kind(
        "event_registered",
        _("Event registered for"),
        _("Somebody registers for an event"),
        *GATHERING,
        dedupe="event_id",
        date="starts_at",
        interest=4,
    ),
    kind(
        "event_checked_in",
        _("Event checked in"),
        _("Somebody checks in at an event"),
        *GATHERING,
        dedupe="event_id",
        date="ends_at",
    ),
    kind(
        "event_ended",
        _("Event ended"),
        _("An event that somebody registered for ends"),
        *GATHERING,
        dedupe="event_id",
        date="ends_at",
    ),
    kind(
        "course_enrolled",
        _("Course begun"),
        _("Somebody enrols on a course"),
        *COURSE,
        optional("starts_at", _("Starts"), "2026-12-01T09:00:00+00:00", type=MOMENT),
        dedupe="course_id",
        date="starts_at",
        interest=5,
    ),
    kind(
        "module_completed",
        _("Module completed"),
        _("A module of a course is completed"),
        *COURSE,
        *MODULE,
        optional("progress_percent", _("Progress in per cent"), 40, type=NUMBER),
        dedupe="course_id",
    ),
    kind(
        "homework_assigned",
        _("Homework assigned"),
        _("Homework is assigned"),
        *HOMEWORK,
        needed("due_at", _("Due"), "2026-12-08T18:00:00+00:00", type=MOMENT),
        dedupe="homework_id",
        date="due_at",
    ),
    kind(
        "homework_submitted",
        _("Homework handed in"),
        _("Homework is handed in"),
        *HOMEWORK,
        dedupe="homework_id",
    ),
    kind(
        "listing_published",
        _("Listing published"),
        _("A listing that fits is published"),
        *LISTING,
        dedupe="listing_id",
    ),
    kind(
        "enquiry_received",
        _("Enquiry received"),
        _("Somebody enquires"),
        optional("enquiry_id", _("Enquiry"), "Q-4"),
        optional("subject", _("Subject"), "Viewing on Saturday?"),
        optional("listing_id", _("Listing"), "L-8"),
        optional("url", _("Page"), "https://shop.example/listings/8"),
        dedupe="enquiry_id",
        interest=4,
    ),
    kind(
        "viewing_booked",
        _("Viewing booked"),
        _("A viewing is booked"),
        *VIEWING,
        dedupe="viewing_id",
        date="starts_at",
        interest=4,
    ),
    kind(
        "viewing_changed",
        _("Viewing changed"),
        _("A viewing is moved or changed"),
        *VIEWING,
        dedupe="viewing_id",
        date="starts_at",
    ),
]
