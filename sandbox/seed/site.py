"""The Wagtail site: its address, the page above the catalogue and two pages beside it."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sites.models import Site as DjangoSite
from wagtail.models import Page, Site

from sandbox.pages.models import ContentPage

HOME = {
    "title": "Slow leaves, fresh beans",
    "slug": "leaf-and-bean",
    "intro": "Small lots of tea and coffee, packed on Tuesdays and posted the same day. "
    "Leave your number at the checkout and we will text you when it is time for the next tin.",
}
PAGES = (
    {
        "title": "About us",
        "slug": "about",
        "intro": "Two people, one roaster, and a shelf of tins that never stays full.",
        "body": "<p>We began in a garage in 2014 with a five-kilo roaster and a suitcase of tea from Fuding. "
        "The garage is gone; the suitcase still makes the trip every spring.</p>"
        "<p>We buy from people whose names we know, and write the names on the label.</p>",
    },
    {
        "title": "Brewing guide",
        "slug": "brewing",
        "intro": "Water, time, and not too much fuss.",
        "body": "<h2>Tea</h2><p>Green at 75 °C for two minutes; oolong at 90 °C, again and again; "
        "black at the boil for four.</p><h2>Coffee</h2><p>Sixty grams to the litre, ground just before, "
        "three minutes from first drop to last.</p>",
    },
    {
        "title": "Tea by text",
        "slug": "tea-by-text",
        "intro": "One text a fortnight: what has arrived, and how to brew it.",
        "forms": [("sign_up", {"heading": "Leave your number", "confirmation": "double", "region": "GB"})],
    },
)


def make_site() -> Site:
    """Make the pages that are missing and give the site the address that the sandbox now has."""
    address = urlsplit(settings.PUBLIC_BASE_URL)
    home = ContentPage.objects.filter(slug=HOME["slug"]).first()
    if home is None:
        home = Page.get_first_root_node().add_child(instance=ContentPage(**HOME))
    for fields in PAGES:
        if not home.get_children().filter(slug=fields["slug"]).exists():
            page = home.add_child(instance=ContentPage(show_in_menus=True, **fields))
            # As an editor publishes: the proof of a sign-up names the revision that showed the form.
            page.save_revision().publish()
            home.refresh_from_db()
    site, _ = Site.objects.update_or_create(
        is_default_site=True,
        defaults={
            "hostname": address.hostname,
            "port": address.port or 80,
            "root_page": home,
            "site_name": settings.WAGTAIL_SITE_NAME,
        },
    )
    # The page that Wagtail's own migration puts there.
    Page.objects.filter(depth=2, slug="home", sites_rooted_here=None).delete()
    DjangoSite.objects.update_or_create(
        pk=settings.SITE_ID, defaults={"domain": address.netloc, "name": settings.WAGTAIL_SITE_NAME}
    )
    return site
