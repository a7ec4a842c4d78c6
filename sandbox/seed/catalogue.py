"""The shop's products: twelve kinds of tea, coffee and things to brew them with."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from oscar.core.loading import get_model

from sandbox.seed import pictures


@dataclass(frozen=True, kw_only=True)
class Item:
    upc: str
    title: str
    category: str
    price: str
    kind: str
    colour: str
    note: str
    words: str
    stock: int = 1000


CATEGORIES = ("Coffee", "Tea", "Brewing")
ITEMS = (
    Item(upc="COF-01", title="Yirgacheffe", category="Coffee", price="11.50", kind="bag", colour="#b5562d", note="Ethiopia · 250 g",
         words="Jasmine, bergamot and ripe peach. Washed at the Konga station and roasted light."),
    Item(upc="COF-02", title="Huila Reserve", category="Coffee", price="10.80", kind="bag", colour="#7c3b2a", note="Colombia · 250 g",
         words="Caramel and red apple, from eleven small farms above 1,700 metres."),
    Item(upc="COF-03", title="House Espresso", category="Coffee", price="9.90", kind="bag", colour="#3e3a39", note="Blend · 250 g",
         words="Dark chocolate, hazelnut and a long finish. Forgiving in every machine."),
    Item(upc="COF-04", title="Night Owl Decaf", category="Coffee", price="10.20", kind="bag", colour="#2f4a6d", note="Mexico · 250 g",
         words="Sugar-cane decaf with toffee and orange peel. Sleep well."),
    Item(upc="TEA-01", title="Dragon Well", category="Tea", price="14.00", kind="tin", colour="#5f8a3c", note="Green · 80 g",
         words="Longjing, picked before the rains in Hangzhou: chestnut and sweet grass."),
    Item(upc="TEA-02", title="Iron Goddess", category="Tea", price="13.20", kind="tin", colour="#2c6b5f", note="Oolong · 100 g",
         words="Tieguanyin from Anxi, rolled tight. Orchid on the nose, cream in the cup."),
    Item(upc="TEA-03", title="Lapsang Souchong", category="Tea", price="9.60", kind="tin", colour="#6e2f2f", note="Black · 100 g",
         words="Smoked over pine in the Wuyi hills. For rainy afternoons."),
    Item(upc="TEA-04", title="White Peony", category="Tea", price="12.40", kind="tin", colour="#c48a86", note="White · 60 g",
         words="Bai Mudan from Fuding: melon, hay and honey. Takes five infusions."),
    Item(upc="TEA-05", title="Mountain Mint", category="Tea", price="6.80", kind="tin", colour="#3f9484", note="Herbal · 50 g",
         words="Peppermint and lemon verbena, dried slowly in the shade. No caffeine."),
    Item(upc="BRW-01", title="Stoneware Teapot", category="Brewing", price="34.00", kind="pot", colour="#4b6f7c", note="", stock=120,
         words="Thrown by hand, holds 700 ml, with a strainer behind the spout."),
    Item(upc="BRW-02", title="Celadon Teapot", category="Brewing", price="38.00", kind="pot", colour="#86a88c", note="", stock=3,
         words="A glaze the colour of young bamboo. Only a few are left."),
    Item(upc="BRW-03", title="Sunday Cup and Saucer", category="Brewing", price="16.50", kind="cup", colour="#c9a24b", note="", stock=250,
         words="Wide enough for a flat white, calm enough for a second one."),
)  # fmt: skip


def fill() -> int:
    """Make the products that are missing and return how many were made."""
    Category, Product = get_model("catalogue", "Category"), get_model("catalogue", "Product")
    product_class, _ = get_model("catalogue", "ProductClass").objects.get_or_create(
        slug="goods", defaults={"name": "Goods", "track_stock": True, "requires_shipping": True}
    )
    partner, _ = get_model("partner", "Partner").objects.get_or_create(
        code="leaf-and-bean", defaults={"name": "Leaf & Bean"}
    )
    categories = {
        name: Category.objects.filter(slug=name.lower()).first()
        or Category.add_root(name=name, slug=name.lower())
        for name in CATEGORIES
    }
    made = 0
    for item in ITEMS:
        if Product.objects.filter(upc=item.upc, images__isnull=False).exists():
            continue
        # A product without its picture was left by a run that was cut off.
        Product.objects.filter(upc=item.upc).delete()
        _make(item, product_class=product_class, partner=partner, category=categories[item.category])
        made += 1
    return made


def _make(item: Item, *, product_class: Any, partner: Any, category: Any) -> None:
    product = get_model("catalogue", "Product").objects.create(
        upc=item.upc,
        title=item.title,
        structure="standalone",
        is_public=True,
        product_class=product_class,
        description=f"<p>{item.words}</p>",
    )
    get_model("catalogue", "ProductCategory").objects.create(product=product, category=category)
    get_model("partner", "StockRecord").objects.create(
        product=product,
        partner=partner,
        partner_sku=item.upc,
        price_currency="GBP",
        price=Decimal(item.price),
        num_in_stock=item.stock,
    )
    picture = pictures.product_picture(kind=item.kind, colour=item.colour, title=item.title, note=item.note)
    get_model("catalogue", "ProductImage").objects.create(
        product=product, original=ContentFile(picture, f"{item.upc.lower()}.jpg"), caption=item.title
    )
