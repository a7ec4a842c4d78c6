"""What a column of a list may be, and which one a header most likely names, in English and Chinese. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

ATTRIBUTE = "attribute"
FIELDS = (
    "phone",
    "email",
    "first_name",
    "last_name",
    "full_name",
    "language",
    "region",
    "zone",
    "tags",
    "interests",
    "external_id",
    "agreed",
    "agreed_at",
    ATTRIBUTE,
)
TYPES = ("text", "number", "yes_no", "date")
ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
# By their headers in small letters, without spaces and signs.
_HEADERS = {
    "phone": "phone phonenumber phoneno mobile mobilephone mobilenumber mobileno cell cellphone telephone tel sms number "
    "msisdn smsnumber contactnumber handy 手机 手机号 手机号码 电话 电话号码 移动电话 联系电话 联系方式 號碼 手機 手機號碼 電話",
    "email": "email emailaddress mail mailaddress 邮箱 电子邮箱 邮件 电子邮件 邮箱地址 郵箱 電子郵件",
    "first_name": "firstname givenname forename first 名 名字 名称",
    "last_name": "lastname surname familyname last 姓 姓氏",
    "full_name": "name fullname customer customername contact contactname 姓名 客户姓名 客户 客户名称 联系人 全名",
    "language": "language lang locale preferredlanguage 语言 語言",
    "region": "country countrycode region nation 国家 国家地区 地区 國家",
    "zone": "timezone zone tz 时区 時區",
    "tags": "tags tag labels label groups group segments 标签 標籤 分组",
    "interests": "interests interest interestedin likes 兴趣 兴趣爱好 爱好 感兴趣 興趣",
    "external_id": "id customerid customernumber customerno userid externalid memberid membernumber "
    "编号 客户编号 会员号 会员编号 客户号 用户编号",
    "agreed": "agreed consent optin smsoptin smsconsent marketing marketingconsent acceptsmarketing acceptssmsmarketing "
    "acceptssms subscribed smsmarketing 同意 是否同意 同意短信 接受营销 订阅 是否订阅 短信订阅",
    "agreed_at": "agreedat agreedon consentdate consentedat consentat optindate optintime optinat subscribedat "
    "同意日期 同意时间 订阅时间 订阅日期",
}
_BY_HEADER = {header: field for field, headers in _HEADERS.items() for header in headers.split()}


def plain(header: str) -> str:
    """Return a header in small letters, without spaces and signs."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", header).lower() if letter.isalnum())


def guess(headers: Sequence[str]) -> dict[int, str]:
    """Return which column is which field, by its header; each field once, what says nothing is left out."""
    found: dict[int, str] = {}
    for place, header in enumerate(headers):
        field = _BY_HEADER.get(plain(header))
        if field is not None and field not in found.values():
            found[place] = field
    return found


def attribute_name(header: str) -> str:
    """Return under which name an attribute may be kept that comes from this column; '' where none can be made."""
    spelt = unicodedata.normalize("NFKD", header).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", spelt).strip("_")[:64]
    return name if ATTRIBUTE_NAME.fullmatch(name) else ""
