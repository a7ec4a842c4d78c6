"""
The words by which people stop, start and ask for help, by language. Pure.

Only a text that is nothing but a keyword counts, or one that asks to stop in words of its own (``stop_phrases``):
"bus stop" and "We have got to STOP this bill" are replies.

Sources: 47 CFR 64.1200(a)(10) (stop, quit, end, revoke, opt out, cancel, unsubscribe are revocations per se);
the defaults of Twilio ("Support for opt-out keywords") and AWS End User Messaging ("Keywords"), both as noted on
2026-11-20; China's carriers ask for 拒收请回复R. The other languages are common knowledge and an owner's to judge.

YES, OUI, JA, 同意 and the like stand apart, in CONFIRM: they say yes to a sign-up that waits for it, and are replies
otherwise, for they may answer a question.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from wagtail_drip.compliance import letters, stop_phrases

Kind = Literal["stop", "start", "help", "confirm", "reply"]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """
    What a text asks for, and by which keyword, as the table spells it; '' for a reply.

    :ivar phrase: the words by which it asks to stop, where it is no keyword but was understood so.
    """

    kind: Kind
    keyword: str = ""
    phrase: str = ""


# language -> its words. "global" and every language count everywhere: people text in the language they think in.
STOP: dict[str, tuple[str, ...]] = {
    "global": (
        "STOP",
        "STOPALL",
        "STOP ALL",
        "UNSUBSCRIBE",
        "CANCEL",
        "END",
        "QUIT",
        "REVOKE",
        "OPTOUT",
        "OPT OUT",
        "REMOVE",
    ),
    "zh": ("退订", "退定", "取消订阅", "取消", "拒收", "不要再发", "屏蔽", "退訂", "取消訂閱"),
    "fr": ("ARRET", "ARRETER", "DESABONNER"),
    "es": ("BAJA", "ALTO", "PARAR", "CANCELAR", "DETENER"),
    "pt": ("SAIR", "PARAR", "PARE", "CANCELAR", "REMOVER"),
    "de": ("STOPP", "ABMELDEN", "ENDE", "ABBESTELLEN"),
    "it": ("FERMA", "CANCELLA", "DISISCRIVIMI"),
    "nl": ("AFMELDEN",),
    "sv, no, da": ("STOPP", "STOPPA", "AVSLUTA", "AVMELD", "AFMELD"),
    "fi": ("LOPETA",),
    "pl": ("REZYGNUJ", "WYPISZ"),
    "cs": ("ODHLASIT",),
    "hu": ("LEIRATKOZAS",),
    "ro": ("DEZABONARE",),
    "tr": ("IPTAL",),
    "ru, uk": ("СТОП", "ОТПИСКА", "ОТПИСАТЬСЯ", "ВІДПИСАТИСЯ"),
    "ja": ("停止", "配信停止", "解除", "ストップ"),
    "ko": ("수신거부", "중지", "정지", "거부"),
    "ar": ("إيقاف", "الغاء", "توقف"),
    "he": ("הסר", "הפסק"),
    "hi": ("रोकें", "बंद"),
    "id, ms": ("BERHENTI", "BATAL"),
    "vi": ("TU CHOI",),
    "th": ("หยุด", "ยกเลิก"),
}
START: dict[str, tuple[str, ...]] = {
    "global": ("START", "UNSTOP", "SUBSCRIBE", "JOIN"),
    "zh": ("订阅", "訂閱"),
    "fr": ("DEBUT", "ABONNER"),
    "es": ("ALTA", "COMENZAR"),
    "pt": ("ENTRAR",),
    "de": ("ANMELDEN",),
    "it": ("ISCRIVI",),
    "ru, uk": ("СТАРТ",),
    "ja": ("登録", "再開"),
    "ko": ("수신동의", "시작"),
    "ar": ("اشتراك",),
    "he": ("הצטרף",),
    "hi": ("शुरू",),
    "id, ms": ("MULAI",),
    "th": ("เริ่ม",),
}
# Only while somebody has been asked: see ``confirmation``.
CONFIRM: dict[str, tuple[str, ...]] = {
    "global": ("YES", "Y", "YEAH", "YEP", "OK", "OKAY", "CONFIRM", "AGREE", "I AGREE", "YES PLEASE"),
    "zh": ("是", "是的", "好", "好的", "同意", "我同意", "确认", "确定", "可以", "確認", "確定"),
    "fr": ("OUI", "D'ACCORD", "CONFIRMER"),
    "es": ("SI", "SÍ", "CONFIRMAR", "ACEPTO", "DE ACUERDO"),
    "pt": ("SIM", "ACEITO"),
    "de": ("JA", "OKAY", "BESTÄTIGEN", "JA BITTE"),
    "it": ("SI", "SÌ", "CONFERMO", "ACCETTO"),
    "nl": ("JA", "AKKOORD"),
    "sv, no, da": ("JA", "BEKRÄFTA", "BEKREFT", "BEKRÆFT"),
    "fi": ("KYLLÄ", "JOO"),
    "pl": ("TAK", "POTWIERDZAM"),
    "cs": ("ANO", "SOUHLASIM"),
    "hu": ("IGEN",),
    "ro": ("DA",),
    "tr": ("EVET", "ONAY"),
    "ru, uk": ("ДА", "ТАК", "СОГЛАСЕН", "СОГЛАСНА"),
    "ja": ("はい", "同意", "確認"),
    "ko": ("예", "네", "동의"),
    "ar": ("نعم", "موافق"),
    "he": ("כן", "מאשר"),
    "hi": ("हाँ", "हां"),
    "id, ms": ("YA", "SETUJU"),
    "vi": ("CO", "DONG Y"),
    "th": ("ใช่", "ตกลง", "ยืนยัน"),
}
HELP: dict[str, tuple[str, ...]] = {
    "global": ("HELP", "INFO"),
    "zh": ("帮助", "客服"),
    "fr": ("AIDE",),
    "es": ("AYUDA",),
    "pt": ("AJUDA",),
    "de": ("HILFE",),
    "it": ("AIUTO",),
    "nl": ("HULP",),
    "sv, no, da": ("HJÄLP", "HJELP", "HJÆLP"),
    "fi": ("APUA",),
    "pl, cs": ("POMOC",),
    "hu": ("SEGITSEG",),
    "ro": ("AJUTOR",),
    "tr": ("YARDIM",),
    "ru, uk": ("ПОМОЩЬ", "ДОПОМОГА"),
    "ja": ("ヘルプ",),
    "ko": ("도움말",),
    "ar": ("مساعدة",),
    "he": ("עזרה",),
    "hi": ("मदद",),
    "id, ms": ("BANTUAN",),
    "vi": ("TRO GIUP", "TROGIUP"),
    "th": ("ช่วยเหลือ",),
}
# Words that are answers elsewhere count only from numbers of the country: "T" and "N" are choices in a survey,
# "seis" is six in Spanish, "dung" and "ret" are words in English and Danish.
STOP_IN: dict[str, tuple[str, ...]] = {
    "CN": ("R", "TD", "T", "N", "D", "0000"),
    "FI": ("SEIS",),
    "TR": ("RET", "DUR"),
    "VN": ("HUY", "DUNG"),
}
START_IN: dict[str, tuple[str, ...]] = {"CN": ("DY", "KT")}
HELP_IN: dict[str, tuple[str, ...]] = {"CN": ("BZ", "?")}

_INNER = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+|[-‐‑‒–—_]+")
# What stands around a word without being part of it: punctuation, symbols with their variation selectors,
# spaces and invisible characters. Vowel signs are marks too, and stay.
_AROUND = frozenset("PSZC")
_SELECTORS = frozenset("\ufe0e\ufe0f\u20e3")
LONGEST = 40


def classify(text: str, *, region: str = "") -> Verdict:
    """
    Tell what somebody's text asks for.

    :param region: the country (ISO 3166) of the number that it comes from.
    """
    words = plain(text)
    if not words:
        # In China a question mark alone asks for help.
        is_question = "?" in unicodedata.normalize("NFKC", text[:LONGEST])
        words = "?" if is_question and not text.strip("?？ \t\r\n") else ""
    for kind, everywhere, by_region in _TABLES:
        keyword = by_region.get(region, {}).get(words) or everywhere.get(words)
        if keyword:
            return Verdict(kind=kind, keyword=keyword)
    phrase = stop_phrases.wish_to_stop(text)
    return Verdict(kind="stop", phrase=phrase) if phrase else Verdict(kind="reply")


def confirmation(text: str) -> str:
    """
    Return the word by which *text* says yes, as the table spells it; '' where it says anything else.

    For a text whose author has been asked, and has not answered yet; anybody else's is a reply.
    """
    words = plain(text)
    return _CONFIRM.get(words, "") if words else ""


def is_taken(word: str) -> bool:
    """Tell whether *word* stops, starts or asks for help, in whatever country: no sequence may have it."""
    return any(
        classify(word, region=region).kind != "reply" for region in ("", *STOP_IN, *START_IN, *HELP_IN)
    )


def plain(text: str) -> str:
    """
    Return the text as keywords are compared: bare letters, nothing around it.

    '' for a text that is too long to be nothing but a keyword.
    """
    if len(text) > LONGEST * 4:
        return ""
    bare = letters.bare(text)
    start, end = 0, len(bare)
    while start < end and _is_around(bare[start]):
        start += 1
    while end > start and _is_around(bare[end - 1]):
        end -= 1
    words = _INNER.sub(" ", bare[start:end]).split()
    trimmed = [_trim(word) for word in words]
    # "Stop! STOP!" says it twice.
    if len(trimmed) > 1 and len(set(trimmed)) == 1:
        trimmed = trimmed[:1]
        return trimmed[0]
    return " ".join(words)


def _trim(word: str) -> str:
    return "".join(character for character in word if not _is_around(character))


def _is_around(character: str) -> bool:
    return unicodedata.category(character)[0] in _AROUND or character in _SELECTORS


def _by_normal_form(words: dict[str, tuple[str, ...]]) -> dict[str, str]:
    return {plain(word) or word: word for each in words.values() for word in each}


def _by_region(words: dict[str, tuple[str, ...]]) -> dict[str, dict[str, str]]:
    return {region: _by_normal_form({region: each}) for region, each in words.items()}


_Everywhere = dict[str, str]
_TABLES: tuple[tuple[Kind, _Everywhere, dict[str, _Everywhere]], ...] = (
    ("stop", _by_normal_form(STOP), _by_region(STOP_IN)),
    ("start", _by_normal_form(START), _by_region(START_IN)),
    ("help", _by_normal_form(HELP), _by_region(HELP_IN)),
)
_CONFIRM = _by_normal_form(CONFIRM)
