from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wagtail_drip.contacts.models import Contact


class Purchase(models.Model):
    """Our copy of an order, so that nothing of ours queries the shop for it."""

    store = models.CharField(max_length=64)
    order_id = models.CharField(max_length=64)
    number = models.CharField(_("number"), max_length=64, default="", blank=True)
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="purchases")
    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    cart_id = models.CharField(max_length=64, default="", blank=True)
    status = models.CharField(max_length=32, default="placed")  # placed, paid, fulfilled, cancelled, refunded
    currency = models.CharField(max_length=3, default="", blank=True)
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=4)
    refunded = models.DecimalField(max_digits=14, decimal_places=4, default=0)
    coupon = models.CharField(max_length=64, default="", blank=True)
    placed_at = models.DateTimeField(_("placed"))
    recorded_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "order_id"], name="drip_purchase_once")]
        indexes = [
            models.Index(fields=["contact", "-placed_at"], name="drip_purchase_contact"),
            models.Index(fields=["store", "cart_id"], name="drip_purchase_cart"),
        ]

    def __str__(self) -> str:
        return self.number or self.order_id


class PurchaseLine(models.Model):
    purchase = models.ForeignKey(Purchase, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    product_id = models.CharField(max_length=64)
    sku = models.CharField(max_length=128, default="", blank=True)
    name = models.CharField(max_length=255)
    category = models.CharField(max_length=255, default="", blank=True)
    quantity = models.PositiveIntegerField(default=1)
    price = models.DecimalField(max_digits=14, decimal_places=4)
    url = models.CharField(max_length=500, default="", blank=True)
    image_url = models.CharField(max_length=500, default="", blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["purchase", "position"], name="drip_line_once")]
        indexes = [models.Index(fields=["product_id"], name="drip_line_product")]

    def __str__(self) -> str:
        return self.name


class PurchaseChange(models.Model):
    """What became of a purchase and when we knew: the past can be asked exactly."""

    purchase = models.ForeignKey(Purchase, on_delete=models.CASCADE, related_name="changes")
    status = models.CharField(max_length=32)
    amount = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    key = models.CharField(max_length=191)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["purchase", "key"], name="drip_purchase_change_once")]

    def __str__(self) -> str:
        return self.status


class PurchaseTally(models.Model):
    """How many orders of somebody stand, first and last: of them and of all who were merged into them.

    Written with the purchases, by stores.tallies. No constraint to the contact, as in EventTally: a row here must
    never wait for a lock on a contact, which others take in the opposite order.
    """

    contact = models.OneToOneField(
        Contact, on_delete=models.CASCADE, related_name="purchase_tally", db_constraint=False
    )
    n = models.PositiveIntegerField(default=0)
    # NULL while none stands: never bought, or all was cancelled.
    first_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        indexes = [
            models.Index(fields=["n", "contact"], name="drip_purchase_tally_n"),
            models.Index(fields=["last_at", "contact"], name="drip_purchase_tally_last"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.n}"


class SpendTally(models.Model):
    """What somebody's orders that stand came to in one currency, without what was paid back."""

    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, related_name="spend_tallies", db_constraint=False
    )
    currency = models.CharField(max_length=3, default="", blank=True)
    n = models.PositiveIntegerField(default=0)
    spent = models.DecimalField(max_digits=18, decimal_places=4, default=0)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact", "currency"], name="drip_spend_tally_once")]
        indexes = [models.Index(fields=["currency", "spent", "contact"], name="drip_spend_tally_spent")]

    def __str__(self) -> str:
        return f"{self.contact_id}: {self.spent} {self.currency}"


class Cart(models.Model):
    """Our mirror of a shop's cart; adapters only feed it."""

    store = models.CharField(max_length=64)
    cart_id = models.CharField(max_length=64)
    site = models.ForeignKey("wagtailcore.Site", on_delete=models.CASCADE, related_name="+")
    contact = models.ForeignKey(
        Contact, on_delete=models.CASCADE, null=True, blank=True, related_name="carts"
    )
    stage = models.CharField(max_length=16, default="cart")  # cart, checkout
    status = models.CharField(max_length=16, default="open")  # open, converted, merged, emptied, expired
    revision = models.PositiveIntegerField(default=1)
    products = models.JSONField(default=list, blank=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    total = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    last_activity_at = models.DateTimeField()
    checkout_started_at = models.DateTimeField(null=True, blank=True)
    abandoned_at = models.DateTimeField(null=True, blank=True)
    abandoned_revision = models.PositiveIntegerField(null=True, blank=True)
    # When the sweep must look at this cart; NULL while there is nothing to wait for.
    sweep_due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(default="", blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "cart_id"], name="drip_cart_once")]
        indexes = [
            models.Index(fields=["sweep_due_at", "id"], name="drip_cart_sweep_due"),
            models.Index(
                fields=["sweep_due_at"],
                name="drip_cart_aside",
                condition=Q(sweep_due_at=None) & ~Q(error=""),
            ),
            models.Index(fields=["contact", "status"], name="drip_cart_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.store} {self.cart_id}"
