"""Re-exports every room's models, for Django and for site code; nobody inside imports it."""

from __future__ import annotations

from wagtail_drip.compliance.models import (
    BlackoutDate,
    Complaint,
    Keyword,
    LegalHours,
    OptInWording,
    Registration,
    SensitiveWord,
    SpecialEvent,
    StopReview,
    Suppression,
)
from wagtail_drip.contacts.merge_models import ContactMerge
from wagtail_drip.contacts.models import (
    ConsentRecord,
    Contact,
    ContactDate,
    ContactIdentity,
    ContactTag,
    DataRequest,
    OptInRequest,
    Permission,
)
from wagtail_drip.content.models import MessageTemplate, PinnedText
from wagtail_drip.core.models import Installation, Lease, SiteSettings
from wagtail_drip.enrolments.models import (
    Enrolment,
    EnrolmentTally,
    EntryVolume,
    FullPeriod,
    OutsideCall,
    StepVisit,
    TriggerCheck,
    VersionMove,
)
from wagtail_drip.enrolments.once_models import OnceCount, OnceRun
from wagtail_drip.events.models import Event, EventTally, Notice
from wagtail_drip.links.models import Click, Link
from wagtail_drip.messaging.models import (
    Callback,
    Hold,
    InboundText,
    Message,
    MessageTally,
    NumberFailure,
    Receipt,
    SenderBudget,
    SendLedger,
)
from wagtail_drip.privacy.erasure_models import Erasure
from wagtail_drip.privacy.import_models import ContactImport, ImportedKey, RefusedLine
from wagtail_drip.reports.models import Alarm, AlarmRecipient, SequenceHour, StepDay
from wagtail_drip.segments.life_stage_models import LifeStage, LifeStageRules
from wagtail_drip.segments.models import Segment, SegmentMembership
from wagtail_drip.sequences.models import Sequence, SequenceRuntime, SequenceVersion
from wagtail_drip.stores.interest_models import (
    ForgottenInterests,
    InferredInterest,
    Interest,
    InterestRules,
    StatedInterest,
)
from wagtail_drip.stores.models import (
    Cart,
    Purchase,
    PurchaseChange,
    PurchaseLine,
    PurchaseTally,
    SpendTally,
)

__all__ = [
    "Alarm",
    "AlarmRecipient",
    "BlackoutDate",
    "Callback",
    "Cart",
    "Click",
    "Complaint",
    "ConsentRecord",
    "Contact",
    "ContactDate",
    "ContactIdentity",
    "ContactImport",
    "ContactMerge",
    "ContactTag",
    "DataRequest",
    "Enrolment",
    "EnrolmentTally",
    "EntryVolume",
    "Erasure",
    "Event",
    "EventTally",
    "ForgottenInterests",
    "FullPeriod",
    "Hold",
    "ImportedKey",
    "InboundText",
    "InferredInterest",
    "Installation",
    "Interest",
    "InterestRules",
    "Keyword",
    "Lease",
    "LegalHours",
    "LifeStage",
    "LifeStageRules",
    "Link",
    "Message",
    "MessageTally",
    "MessageTemplate",
    "Notice",
    "NumberFailure",
    "OnceCount",
    "OnceRun",
    "OptInRequest",
    "OptInWording",
    "OutsideCall",
    "Permission",
    "PinnedText",
    "Purchase",
    "PurchaseChange",
    "PurchaseLine",
    "PurchaseTally",
    "Receipt",
    "RefusedLine",
    "Registration",
    "Segment",
    "SegmentMembership",
    "SendLedger",
    "SenderBudget",
    "SensitiveWord",
    "Sequence",
    "SequenceHour",
    "SequenceRuntime",
    "SequenceVersion",
    "SiteSettings",
    "SpecialEvent",
    "SpendTally",
    "StatedInterest",
    "StepDay",
    "StepVisit",
    "StopReview",
    "Suppression",
    "TriggerCheck",
    "VersionMove",
]
