"""What rules rest on, as it is shown: our words in the reader's language, a citation as it is."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# The sources that say something in our words, as they stand in the tables of compliance: named here to be translated.
OURS = frozenset(
    {
        gettext_noop("this package: before a site is open, only staff test numbers are texted"),
        gettext_noop("this package: workers hand texts over and read what comes back"),
        gettext_noop("each provider opens countries by itself; what has been delivered there is the proof"),
        gettext_noop(
            "Telnyx, Alphanumeric Sender ID: a name has up to 11 characters, and nobody can reply to it; some countries want it registered"
        ),
        gettext_noop("Telnyx, Alphanumeric Sender ID: names cannot send to the USA, Canada and Puerto Rico"),
        gettext_noop(
            "Twilio, SMS guidelines for the United Arab Emirates: promotional senders begin with AD-, and texts hold no links and no numbers"
        ),
        gettext_noop(
            "Telnyx, 10DLC: networks block numbers that are not registered; Twilio refuses with 30034, and toll-free numbers that are not verified with 30032"
        ),
        gettext_noop(
            "DLT: entity and template ids, header suffix -P, -S, -T or -G since 2025-05-06, as gateways tell it"
        ),
        gettext_noop(
            "İYS, Turkey's registry of consent, by Law 6563: whoever sends offers is registered there, and each consent within three working days; news of orders and appointments is exempt"
        ),
        gettext_noop("the legal hours of this site, each with its own source"),
        gettext_noop("legal hours and sending times are by the recipient's clock"),
        gettext_noop(
            "GDPR, article 7(1): whoever relies on consent must be able to show it; in the European Union Directive 2002/58/EC, article 13, asks for it before"
        ),
        gettext_noop("47 CFR 64.1200(a)(2) and (f)(9): prior express written consent"),
        gettext_noop(
            "whoever agrees must know to whom and how to end it; what we look for in words is a help and no judgement"
        ),
        gettext_noop(
            "47 CFR 64.1200(f)(9); CTIA, Messaging Principles and Best Practices, May 2023: who texts, how often, what it costs, HELP and STOP"
        ),
        gettext_noop("good practice everywhere: only who holds the phone can confirm"),
        gettext_noop(
            "§ 7 Abs. 2 Nr. 2 UWG (Nr. 3 until May 2022): prior express consent; BGH, I ZR 164/09 of 2011-02-10: the sender documents and proves each consent, and whoever confirmed from the very address has to say why it was not them"
        ),
        gettext_noop(
            "GDPR, article 7(3): withdrawing is as easy as agreeing; 47 CFR 64.1200(a)(10): any reasonable means"
        ),
        gettext_noop(
            "GDPR, article 7(3): withdrawing is as easy as agreeing; the first text of a sequence is looked at"
        ),
        gettext_noop(
            "French networks: the sender's name and “STOP au 36xxx”; your provider gives the number"
        ),
        gettext_noop(
            "정보통신망법 제50조 제4항: (광고) stands first, then the name; 무료수신거부, how to refuse at no cost, stands last"
        ),
        gettext_noop(
            "this package: without an answer of your own, HELP is answered with your name and your address on the web"
        ),
        gettext_noop(
            "CTIA, Messaging Principles and Best Practices, May 2023: HELP is answered with the name and how to reach you"
        ),
        gettext_noop(
            "CTIA, Messaging Principles and Best Practices, May 2023: links and texts identify the sender; elsewhere the laws are alike"
        ),
        gettext_noop("this package: only receipts tell what was delivered"),
        gettext_noop("this package: a STOP that does not reach us cannot be obeyed by us"),
        gettext_noop("the lists of sensitive words of this site, each with its own source"),
        gettext_noop(
            "Texas SB 140; summaries of state telephone solicitation acts in the trade press; sources differ, the stricter is kept"
        ),
        gettext_noop(
            "summaries of state telephone solicitation acts in the trade press; sources differ, the stricter is kept"
        ),
        gettext_noop("CRTC telemarketing rules, which speak of calls; CASL names no hours"),
        gettext_noop("help.brevo.com on texts to France; décret 2022-1313 speaks of calls only"),
        gettext_noop("PECR names no hours"),
        gettext_noop("§ 7 UWG names no hours"),
        gettext_noop("commonly known; not read at its source"),
        gettext_noop("Tencent Cloud's error code and Huawei Cloud's FAQ on marketing texts"),
        gettext_noop("no rule of hours found"),
        gettext_noop("Network Act article 50(3): advertisements at night need a consent of their own"),
        gettext_noop("telemarketing standard, which speaks of calls; the Spam Act names no hours"),
        gettext_noop("twilio.com guidelines for the United Arab Emirates"),
        gettext_noop("self-regulation of the trade"),
        gettext_noop(
            "47 CFR 64.1200(f)(9); CTIA, Messaging Principles and Best Practices, May 2023: terms and privacy links"
        ),
        gettext_noop(
            "GDPR, article 7(3): whoever agrees is told before that they can end it; the words are examples of ours"
        ),
        gettext_noop(
            "47 CFR 64.1200(f)(9); CTIA, Messaging Principles and Best Practices, May 2023; the words are examples of ours"
        ),
        gettext_noop(
            "47 CFR 64.1200(f)(9): consent is no condition of purchase; the words are examples of ours"
        ),
        gettext_noop(
            "CTIA, Messaging Principles and Best Practices, May 2023; the words are examples of ours"
        ),
        gettext_noop(
            "47 CFR 64.1200(f)(9); CTIA, Messaging Principles and Best Practices, May 2023; the words are ours"
        ),
        gettext_noop("GDPR, article 7; the words are ours"),
        gettext_noop("CTIA, Messaging Principles and Best Practices, May 2023; the words are ours"),
        gettext_noop(
            "SHAFT, of the CTIA's rules for short codes, as gateways and the trade press tell them; the words are examples of ours"
        ),
        gettext_noop("SHAFT, as gateways in the USA name it; the words are examples of ours"),
        gettext_noop(
            "lists of content that US carriers refuse or filter, as gateways give them; the words are examples of ours"
        ),
        gettext_noop(
            "words that carriers' filters take for phishing or a scheme, as gateways give them; the words are examples of ours"
        ),
    }
)


def in_words(source: str) -> str:
    """Return *source* as one reads it; an owner's own is as they wrote it."""
    return _(source) if source in OURS else source
