"""
Sentences by which people ask to be left alone without the keyword, by language. Pure.

A revocation by "any reasonable means" counts (47 CFR 64.1200(a)(10), in force since 2025-04-11), and who writes "please
stop texting me" and is texted again complains. So these act like STOP; but unlike the keywords they are a judgement,
and whoever reads the texts is told that it was one (``Verdict.phrase``). Where it is wrong somebody gets no marketing
until they say so, which does less harm than the opposite.

Compared are words without case, accents and punctuation. The languages are common knowledge and an owner's to judge.
tests/unit/compliance/stop_cases.toml has a case for each, and for what looks like one and is none.
"""

from __future__ import annotations

import re

from wagtail_drip.compliance import letters

# Longer texts tell a story: somebody should read it, and no pattern.
MOST_WORDS = 16
MOST_LETTERS = 160

_TEXTS = (
    r"(?:texts?|texting|txts?|msgs?|messages?|messaging|sms|spam|ads?|promos?|promotions?|marketing|updates?)"
)
_PLEASE = (
    r"(?:please|pls|plz|kindly|just|ok|okay|hi|hello|hey|no|sorry|and|i said|can you|could you|would you)"
)
_FR_TEXTS = r"(?:sms|messages?|textos?|pubs?|publicites?)"
_ES_TEXTS = r"(?:mensajes?|sms|textos?|publicidad|promociones)"
_AFTER = (
    r"(?:please|pls|plz|thanks?|thank you|thx|ty|now|asap|immediately|already|it|this|that|all|everything|me|"
    r"from you|and|merci|danke|bitte|gracias|por favor|s'?il vous plait|svp|per favore|grazie|obrigad[oa]|\d+)"
)

# Of each language: what asks to stop.
_PHRASES: dict[str, tuple[str, ...]] = {
    "en": (
        # The keyword with nothing but politeness, or a number, around it: "Stop. Thank you", "STOP 12345".
        rf"^(?:{_PLEASE} )*(?:stop|stopp|stopall|unsubscribe|unsub|opt ?out|quit)(?: {_AFTER})*$",
        rf"\bstop (?:(?:sending|texting|txting|messaging|msging|contacting|spamming|bothering|harassing|emailing|writing)\b|"
        rf"(?:with )?(?:all |any |the |these |those |this |your |my |getting |receiving )*{_TEXTS}\b)",
        r"\b(?:don'?t|do not|never|not to) (?:text|txt|message|msg|sms|contact|spam|bother)"
        r"(?: me| us| my (?:number|phone)| this (?:number|phone))?(?: (?:again|any ?more|ever|please|pls|with)\b|$)",
        rf"\b(?:don'?t|do not|never|not to) send (?:me |us )?(?:any |more |these |those |this |your )*"
        rf"(?:{_TEXTS}\b|(?:anything|any ?more)(?: (?:again|please|to me|any ?more))*$)",
        r"\b(?:take|get|remove|delete) (?:me|us|my (?:number|name)|this number) (?:off\b|(?:from|out of) "
        r"(?:your|the|this|these|all)\b.{0,20}\b(?:lists?|texts?|messages?|sms|system|database|contacts)\b)",
        r"\b(?:remove|delete|lose|erase) (?:my|this) (?:(?:phone |cell |mobile )?number|contact (?:details|info))\b",
        r"^(?:please |pls |plz )?(?:remove|unsubscribe|delete) me\b",
        r"\b(?:unsubscribe me|opt me out|unsub me|sign me off)\b",
        r"\b(?:want|wish|like|need|trying|wanna|how|can) (?:i |do i |can i )?(?:to )?(?:unsubscribe|opt ?out|stop (?:receiving|getting))\b",
        rf"\bno more (?:of )?(?:these |those |your )?{_TEXTS}\b",
        r"\b(?:leave|leaving) me alone\b",
        rf"\b(?:don'?t|do not|no longer|didn'?t|never) (?:want|wish|ask|agreed?|sign(?:ed)?|need)\b.{{0,30}}\b{_TEXTS}\b",
        r"\b(?:revoke|withdraw|cancel) (?:my )?(?:consent|permission|subscription)\b",
        rf"\b(?:cancel|end|quit|discontinue) (?:all |the |these |those |my |your )*{_TEXTS}\b",
    ),
    "zh": (
        # Of goods one says 发, too: 别发货, 不用发了，我自取.
        r"(?:不要|别|別|勿)再?(?:给我|給我|向我|跟我)?再?(?:发|發|传|傳)(?:了|我|短信|簡訊|信息|消息|广告|廣告|垃圾|这|這|$)",
        r"(?:不要|别|別|勿|不用|不必|停止)再?(?:给我|給我|向我)再?(?:发|發|传|傳)(?!货|貨|顺丰|順豐|快递|快遞|票|错|錯)",
        r"(?:不要|别|別|勿|停止)再?(?:推送|打扰|打擾|骚扰|騷擾|烦我|煩我|联系我|聯繫我|联络我)",
        r"(?:不想|不愿|不願|不希望|不要)再?(?:收到|接收|接到)",
        r"不再(?:接收|收到|订阅|訂閱)",
        r"(?:取消|关闭|關閉|停止|终止)(?:发送|發送|短信|簡訊|订阅|訂閱|推送|消息|通知|广告|廣告|营销|接收)",
        r"(?:拒绝|拒絕)(?:接收|短信|簡訊|再收|广告|廣告)",
        r"(?:我要|请|請|帮我|幫我|麻烦|想|如何|怎么|怎樣|怎么样|申请)(?:给我|幫我)?(?:退订|退訂)(?!酒店|房|机票|機票|车票|票|订单|訂單|课|課|预约|預約|行程)",
        r"^(?:退订|退訂|拒收)(?:了|吧|谢谢|謝謝|短信|簡訊|此类短信|这个|您好|你好)*$",
        r"(?:删除|刪除|移除|去掉)我的?(?:号码|號碼|手机|手機|电话|電話)",
        r"(?:把我|将我)(?:的号码|的號碼)?(?:删|刪|移|从)",
    ),
    "fr": (
        r"\bne (?:\w+ ){0,2}plus (?:\w+ ){0,2}(?:recevoir|contacter|ecrire|deranger)\b",
        rf"\bne (?:\w+ ){{0,2}}(?:plus|pas) (?:\w+ ){{0,2}}(?:recevoir|envoyer)\b.{{0,20}}\b{_FR_TEXTS}",
        rf"\bne (?:m'?|me |nous )envoye[zr] (?:plus\b|pas (?:de |d'|vos |ces )*{_FR_TEXTS})",
        r"\bne (?:m'?|me |nous )(?:ecri\w+|contacte[zr]|derange[zr]|texte[zr]) (?:plus|pas)\b",
        r"\barrete[zr]? (?:de |d'? ?)?(?:m'? ?|me |les |vos |ces |tous )*(?:envoyer|ecrire|envoi|sms|messages?|textos?|pubs?|contacter|spammer)",
        r"\bstop (?:aux?|les|vos|a vos|a la)? ?(?:sms|messages?|textos?|pubs?|publicites?)\b",
        rf"\b(?:plus|assez|marre) (?:de|d'|des|de vos) ?{_FR_TEXTS}\b",
        r"\b(?:desabonne[zr]|desinscri\w+|desabonnement)\b",
        r"\b(?:retire[zr]|supprime[zr]|efface[zr]|enleve[zr])(?: moi| mon numero| mes coordonnees)\b",
    ),
    "es": (
        rf"\bno (?:me |nos )?(?:envien?|envies|enviar|enviarme|manden?|mandes|mandar|mandarme)"
        rf"(?: (?:mas|ningun|estos|sus|nada de|por favor))*(?: {_ES_TEXTS}\b| nada(?: mas)?$|$)",
        r"\bno (?:me |nos )?(?:escriban?|escribas|contacten?|molesten?)\b",
        rf"\bno (?:quiero|deseo|queremos) (?:recibir|mas|que me|sus|estos|ningun|recivir)\b.{{0,30}}\b{_ES_TEXTS}\b",
        r"\bno (?:quiero|deseo) recibir(?: mas| nada)*$",
        r"\b(?:deja|dejen|deje|dejad|paren?|paren ya) de (?:enviar|mandar|escribir|molestar)\w*",
        r"\b(?:dar|de|den|denme|deme|darme|doy|date)(?:me)? de baja\b",
        r"\b(?:borren?|eliminen?|quiten?|borrar|eliminar|quitar)(?:me)? (?:mi|este) (?:numero|telefono|celular)\b",
        r"\b(?:basta|alto|no mas) (?:de |a los )?(?:mensajes?|sms|textos?|publicidad)\b",
    ),
    "pt": (
        r"\bnao (?:quero|desejo|gostaria de) (?:mais )?(?:receber|mensage\w+|sms|torpedos?)\b",
        r"\bnao (?:me )?(?:env\w+|mand\w+)(?: mais| nada| nenhuma?)*(?: mensage\w+| sms|$)",
        r"\bnao (?:me )?escrev\w+ mais\b",
        r"\bpar(?:e|em|a) de (?:me )?(?:enviar|mandar|escrever|incomodar)\b",
        r"\b(?:remov\w+|exclu\w+|tir\w+|apag\w+) (?:o )?meu (?:numero|telefone|celular|contato)\b",
        r"\b(?:descadastr\w+|cancelar (?:a )?inscricao|me tir[ea]m? da lista)\b",
    ),
    "de": (
        r"\bkeine (?:weiteren |weitere |mehr |solche |solchen )*(?:sms|nachrichten?|werbung|mitteilungen|texte)(?: mehr)?\b",
        r"\b(?:nicht|nie) (?:mehr|wieder|langer) (?:an)?(?:schreiben|kontaktieren|belastigen)\b",
        r"\bschreib(?:t|en)?(?: sie)? mir (?:bitte )?(?:nicht|nie|keine)\b",
        r"\b(?:hor(?:t|en)?|hort)(?: sie)?(?: bitte)?(?: endlich)? auf\b",
        r"\b(?:mich (?:bitte )?ab(?:melden)?|mich (?:bitte )?(?:austragen|entfernen|loschen)|abmelden bitte|bitte (?:um )?abmeld\w+|meld\w* (?:sie )?mich (?:bitte )?ab)\b",
        r"\b(?:losch\w*|entfern\w*|streich\w*)(?: sie)?(?: bitte)? (?:meine|diese) (?:nummer|handynummer|telefonnummer|daten)\b",
        r"\baus (?:dem|ihrem|eurem|der) (?:verteiler|liste)\b",
        r"\b(?:widerrufe|widerruf) (?:meine|der|ich|hiermit)\b",
    ),
    "it": (
        r"\bnon (?:voglio|desidero|vorrei|intendo) (?:piu )?(?:ricevere|messaggi|sms|essere contattat\w)",
        r"\bnon (?:mi |ci )?(?:scriv|contatt|disturb)(?:ete|ate|er|ar)(?:mi|ci|e)?\b",
        r"\bnon (?:mi |ci )?(?:mand|invi)(?:ate|ar)(?:mi|ci|e)?(?: piu| altri| vostri)*(?: messaggi| sms| niente|$)",
        r"\b(?:basta|stop)(?: con)?(?: i| gli| questi| vostri)* (?:messaggi|sms|pubblicita)\b",
        r"\bsmett\w+\b",
        r"\b(?:cancell\w+|toglie\w+|rimuov\w+|elimin\w+) (?:il )?mio numero\b",
        r"\b(?:cancellami|cancellatemi|disiscriv\w+|toglietemi|rimuovetemi)\b",
    ),
    "nl": (
        r"\bgeen (?:sms|sms'?jes|smsjes|berichten|berichtjes|reclame)\b",
        r"\bstop met (?:sms\w*|sturen|berichten|appen|het sturen|deze|mij)\b",
        r"\b(?:meld (?:mij|me) af|(?:mij|me) afmelden|schrijf (?:mij|me) uit|uitschrijven|wil(?: ik)? (?:me|mij) afmelden)\b",
        r"\b(?:verwijder|haal|wis) mijn (?:nummer|telefoonnummer|gegevens)\b",
        r"\b(?:niet|nooit) meer (?:sms\w*|berichten|sturen|contacteren|benaderen)\b",
    ),
    "sv, no, da": (
        r"\b(?:sluta|slutt|stop|stopp)(?: med)?(?: at| a| att)? (?:skick\w*|send\w*|sms\w*|messa|skriv\w*)\b",
        r"\b(?:inga|ingen|ikke|inte) (?:fler|flere|flera|mer) (?:sms|meddelanden|meldinger|beskeder|meddelelser)\b",
        r"\b(?:ta bort|fjern|slett|slet) (?:mig|meg|mitt nummer|nummeret mitt|mit nummer)\b",
        r"\b(?:avregistrera|avanmal\w*|avmeld|meld meg av|frameld|afmeld) ?(?:mig|meg)?\b",
        r"\b(?:skicka|send|skriv) (?:inte|ikke) (?:mig |meg |fler |flere |mer |mere )*(?:sms|meddelanden|meldinger|beskeder)\b",
        r"\b(?:vill|vil|onsker|onskar) (?:inte|ikke) (?:ha|fa|have|motta|modtage) (?:fler |flere |mer |dessa |disse )*(?:sms|meddelanden|meldinger|beskeder)\b",
    ),
    "pl": (
        r"\bnie (?:wysylaj\w*|przysylaj\w*|slij\w*)(?: mi| do mnie| juz| wiecej)*(?: sms\w*| wiadomosci| reklam\w*|$)",
        r"\bnie (?:pisz|piszcie|kontaktujcie)\b",
        r"\bnie chce (?:juz )?(?:wiecej )?(?:otrzymywac|dostawac|sms\w*|wiadomosci)\b",
        r"\b(?:wypis\w+ mnie|prosze (?:o )?(?:mnie )?(?:wypis\w+|usun\w+ (?:moj|mojego) numer\w*)|usun\w* moj numer)\b",
        r"\b(?:cofam|wycofuje) zgode\b",
    ),
    "ru, uk": (
        r"\bне (?:пишите|пиши|беспокойте|пишіть)\b",
        r"\bне (?:присылайте|шлите|шли|отправляйте|надсилайте|шліть)(?: мне| мені| нам| больше| більше| ваши)*"
        r"(?: смс| сообщени\w+| рассыл\w+| реклам\w+| спам\w*| повідомлен\w+|$)",
        r"\bне (?:хочу|желаю|надо|нужно|треба)(?: больше| більше)?(?: получать| отримувати| смс| сообщени\w+| рассыл\w+| повідомлен\w+| ваши\w*| ваших)",
        r"\b(?:отпишите|отписать меня|отпиши|відпишіть|удалите мо[йе]|удалите номер|видаліть мій)",
        r"\b(?:прекратите|перестаньте|хватит|припиніть)(?: мне| вже)?(?: писать| слать| присылать| отправлять| спам\w*| рассылк\w+| надсилати)",
        r"\b(?:отключите|отмените|остановите) (?:рассылк\w+|подписк\w+|смс)",
    ),
    "tr": (
        r"\b(?:mesaj|sms)\w* (?:atma\w*|gonderme\w*|istemiyorum|yollama\w*)\b",
        r"\b(?:listeden|listenizden) (?:cik\w+|sil\w+)\b",
        r"\bnumaram\w* (?:sil\w*|cikar\w*)\b",
        r"\baboneli\w+ (?:iptal|sonlandir)\w*\b",
    ),
    "id, ms": (
        r"\b(?:jangan|stop|berhenti) (?:kirim|mengirim|hantar)\w*(?: saya| lagi)*(?: sms| pesan| mesej| promo|$)",
        r"\b(?:jangan|stop|berhenti) (?:sms|hubungi|ganggu|menghubungi)\w*",
        r"\b(?:hapus|buang|padam) (?:nomor|nombor) (?:saya|ini)\b",
        r"\btidak (?:mau|ingin|nak|mahu) (?:lagi )?(?:terima|menerima|dapat) (?:sms|pesan|mesej)\b",
    ),
    "vi": (
        r"\b(?:dung|khong|ngung) (?:gui|nhan) (?:tin|sms|nua|tin nhan)\b",
        r"\bhuy (?:dang ky|nhan tin)\b",
    ),
    "ja": (
        r"(?:配信|送信|メッセージ|メール|ショートメール|sms)を?(?:停止|止め|とめ|やめ|不要|いりません|要りません)",
        r"送(?:ら|信し)ないで|送ってこないで|連絡し(?:ないで|てこないで)",
        r"(?:登録|購読|配信)を?解除|解除(?:して|したい|希望|お願い)",
        r"もう(?:いら|要ら|結構)",
    ),
    "ko": (
        r"보내지 ?(?:마|말)|그만 ?(?:보내|좀|하세요)|문자 ?(?:그만|거부|싫|필요 ?없|보내지)|연락 ?하지 ?(?:마|말)",
        r"(?:번호|제 ?번호).{0,3}(?:삭제|지워)|수신 ?(?:거부|취소|차단)",
    ),
    "ar": (
        r"لا ترسل|لا تراسل|توقفوا? عن (?:ارسال|الارسال|مراسل)|(?:الغاء|ايقاف) (?:الاشتراك|الرسائل)|احذفوا? رقمي|لا اريد (?:رسائل|استلام)",
    ),
}
# What makes the opposite of it, "don't stop" and 不退订, or a complaint that none came: "Ich habe keine SMS bekommen".
_NOT = re.compile(
    r"\b(?:don'?t|do not|never|not|can'?t|cannot|won'?t|didn'?t|doesn'?t) (?:\w+ )?(?:stop|unsubscribe|quit|opt ?out)\b"
    r"|\bn'arrete[zr]? pas\b|\bnon smett\w+|\bno dejes? de\b|\bnao par\w+ de\b|\bhor(?:t|en)? (?:sie )?nicht auf\b"
    r"|(?:不要|不想|不|别|別|没有|沒有|没|沒)(?:再)?(?:退订|退訂|取消)|не (?:отписывайте|прекращайте|хочу отпис)"
    r"|\bkeine\b.*\b(?:bekommen|erhalten|gekriegt|angekommen|da)\b|\bgeen\b.*\b(?:ontvangen|gekregen|binnen)\b"
    r"|\b(?:recois|recoit|recu|eu)\b.*\bplus d|\bningun\w*\b.*\b(?:recibido|llego)\b|\b(?:inte|ikke)\b.*\b(?:fatt|faet|mottatt)\b"
)
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_ANY = re.compile("|".join(f"(?:{phrase})" for phrases in _PHRASES.values() for phrase in phrases))


def wish_to_stop(text: str) -> str:
    """Return the words by which *text* asks to be left alone; '' if it does not."""
    said = _said(text)
    found = _ANY.search(said) if said else None
    if found is None or _NOT.search(said):
        return ""
    return found.group().strip()


def short(text: str) -> str:
    """Return the words of *text*; '' where it is so long that it tells a story, or says the opposite: "don't stop"."""
    said = _said(text)
    return "" if _NOT.search(said) else said


def _said(text: str) -> str:
    if len(text) > MOST_LETTERS * 2:
        return ""
    said = words_of(text)
    return "" if len(said) > MOST_LETTERS or said.count(" ") >= MOST_WORDS else said


def words_of(text: str) -> str:
    """Return the words of *text* in bare letters, with one blank between."""
    return " ".join(_WORD.findall(letters.bare(text).replace("’", "'").replace("`", "'")))
