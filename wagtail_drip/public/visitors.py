"""Who stands before a page of their own, by the signed token in its address."""

from __future__ import annotations

from dataclasses import dataclass

from wagtail.models import Site

from wagtail_drip.compliance.models import Suppression
from wagtail_drip.contacts import querysets
from wagtail_drip.contacts.models import Contact, Permission
from wagtail_drip.contacts.types import ConsentMethod, PurposeGroup
from wagtail_drip.core import keys
from wagtail_drip.inbox import actions, senders
from wagtail_drip.links import personal


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """
    Whose page it is.

    :ivar contact: who speaks for the contact of the token now.
    :ivar reach: whom a stop on this page binds.
    """

    contact: Contact
    site_id: int
    reach: senders.Reach

    def stopped_by(self) -> set[str]:
        """Return the reasons for which nothing goes to their number from this site; empty where it may."""
        if not self.contact.active_phone:
            return self._withdrawn_by()
        rows = Suppression.objects.filter(
            number_hash__in=keys.number_hashes(self.contact.active_phone), lifted_at=None
        ).values_list("scope", "scope_value", "reason")
        return {reason for scope, value, reason in rows if scope == "all" or (scope, value) in self.scopes}

    def _withdrawn_by(self) -> set[str]:
        """The same of somebody without a number, who can only withdraw: by which of their own doings they did."""
        rows = Permission.objects.filter(
            contact=self.contact, site_id=self.site_id, group=PurposeGroup.MARKETING
        ).values_list("granted", "record__method")
        if any(granted for granted, _method in rows):
            return set()
        return {actions.BY_THEMSELVES.get(ConsentMethod(method), actions.PROVIDER) for _, method in rows}

    @property
    def scopes(self) -> set[tuple[str, str]]:
        own = next(row for row in self.reach.sites if row.site_id == self.site_id)
        return {
            ("site", str(self.site_id)),
            ("sender", f"{own.sender_gateway}:{own.sender_address}"),
        }


def find(token: str) -> Visitor | None:
    """Return whose page *token* opens; None where it is none of ours, or they or the site are gone."""
    owner = personal.read(token)
    if owner is None or not Site.objects.filter(pk=owner.site_id).exists():
        return None
    head = querysets.resolve_merged([owner.contact_id])[owner.contact_id]
    contact = Contact.objects.filter(pk=head, erased_at=None).first()
    if contact is None:
        return None
    return Visitor(contact=contact, site_id=owner.site_id, reach=senders.reach_of_site(owner.site_id))


def may_start(reasons: set[str]) -> bool:
    """Tell whether all that stopped them was they themselves."""
    return reasons <= set(actions.BY_THEMSELVES.values())
