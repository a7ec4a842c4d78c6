"""The kinds of notice that an adapter answers for, and the events that each may turn out to be. Pure."""

from __future__ import annotations

ORDER_PLACED = "order_placed"  # object: the order
ORDER_STATUS = "order_status_changed"  # object: the order; envelope: old_status, new_status
PAYMENT = "payment"  # object: the payment or refund
SHIPMENT = "shipment"  # object: the shipping event
CART = "cart_touched"  # object: the cart
CHECKOUT = "checkout_started"  # object: the cart
CAPTURED = "checkout_captured"  # a whole envelope: who is at the checkout
CUSTOMER = "customer_registered"  # object: the customer
CUSTOMER_SEEN = "customer_seen"  # object: the customer
ADDED = "product_added_to_cart"  # object: "cart:product"
VIEWED = "product_viewed"  # object: "product:customer"

# What a notice that is not yet taken in may turn out to be: the last check before a message looks among these.
MAY_BECOME: dict[str, frozenset[str]] = {
    ORDER_PLACED: frozenset({"order_placed"}),
    ORDER_STATUS: frozenset(
        {"order_status_changed", "order_paid", "order_fulfilled", "order_delivered", "order_cancelled"}
    ),
    PAYMENT: frozenset({"order_paid", "order_refunded"}),
    SHIPMENT: frozenset({"order_fulfilled", "order_delivered", "order_cancelled"}),
    CART: frozenset({"cart_updated", "cart_emptied"}),
    CHECKOUT: frozenset({"checkout_started"}),
    CAPTURED: frozenset({"checkout_started", "checkout_step_completed"}),
    CUSTOMER: frozenset({"customer_registered"}),
    CUSTOMER_SEEN: frozenset(),
    ADDED: frozenset({"product_added_to_cart"}),
    VIEWED: frozenset({"product_viewed"}),
}
