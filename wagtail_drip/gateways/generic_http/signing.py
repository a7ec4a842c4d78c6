"""Signatures as most providers make them: an HMAC over some parts of the request."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from wagtail_drip.gateways.options import Options

ALGORITHMS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}
PARTS = ("method", "url", "path", "timestamp", "body")


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """How a request is signed. ``string`` names the parts, in order, that ``separator`` joins."""

    secret: str
    header: str
    algorithm: str
    encoding: str
    string: tuple[str, ...]
    separator: str
    prefix: str
    timestamp_header: str

    @classmethod
    def read(cls, given: Options) -> Signing:
        given.allow(
            {
                "algorithm",
                "encoding",
                "header",
                "prefix",
                "secret",
                "separator",
                "string",
                "timestamp_header",
                "type",
            }
        )
        string = given.values.get("string", ["body"])
        if not isinstance(string, list | tuple) or not string or not set(string) <= set(PARTS):
            raise given.error("string", f"must be a list of {', '.join(PARTS)}")
        timestamp_header = given.text("timestamp_header", "")
        if ("timestamp" in string) != bool(timestamp_header):
            raise given.error("timestamp_header", 'is needed exactly if "string" holds timestamp')
        return cls(
            secret=given.text("secret"),
            header=given.text("header"),
            algorithm=given.choice("algorithm", ALGORITHMS, "sha256"),
            encoding=given.choice("encoding", ("hex", "base64"), "hex"),
            string=tuple(string),
            separator=given.text("separator", "\n"),
            prefix=given.text("prefix", ""),
            timestamp_header=timestamp_header,
        )

    def sign(self, *, method: str, url: str, body: bytes, timestamp: str = "") -> str:
        """Return the value of the signature's header."""
        parts = urlsplit(url)
        found = {
            "method": method.upper().encode(),
            "url": url.encode(),
            "path": (f"{parts.path}?{parts.query}" if parts.query else parts.path).encode(),
            "timestamp": timestamp.encode(),
            "body": body,
        }
        digest = hmac.new(
            self.secret.encode(),
            self.separator.encode().join(found[name] for name in self.string),
            ALGORITHMS[self.algorithm],
        )
        encoded = digest.hexdigest() if self.encoding == "hex" else base64.b64encode(digest.digest()).decode()
        return self.prefix + encoded

    def is_signed(self, *, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> bool:
        """Return whether the headers carry the right signature. *headers* ignores case."""
        expected = self.sign(
            method=method,
            url=url,
            body=body,
            timestamp=headers.get(self.timestamp_header, "") if self.timestamp_header else "",
        )
        return hmac.compare_digest(headers.get(self.header, "").encode(), expected.encode())
