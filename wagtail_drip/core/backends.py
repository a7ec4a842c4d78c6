"""From ``{"BACKEND": "dotted.path", "OPTIONS": {…}}`` in a setting to an instance, once per process."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from wagtail_drip import conf

T = TypeVar("T")

# (setting, alias) -> (the spec it was made from, the instance). Comparing the spec at each access costs a
# microsecond and makes override_settings work without a signal.
_made: dict[tuple[str, str], tuple[dict[str, Any], Any]] = {}
_making = threading.RLock()


def aliases(setting: str) -> list[str]:
    """Return the aliases in ``WAGTAIL_DRIP[setting]``, in their order."""
    return list(_specs(setting))


def get(setting: str, alias: str, *, base: type[T]) -> T:
    """
    Return the instance that ``WAGTAIL_DRIP[setting][alias]`` describes, called with ``alias`` and ``options``.

    The same instance is returned, to all threads, for as long as the spec stays equal.

    :param setting: ``"GATEWAYS"``, ``"STORES"`` …
    :param base: what the backend's class must be a subclass of.
    :raises ImproperlyConfigured: naming the setting and what is wrong with it.
    """
    specs = _specs(setting)
    where = f'WAGTAIL_DRIP["{setting}"]["{alias}"]'
    if alias not in specs:
        known = ", ".join(sorted(specs)) or "none"
        raise ImproperlyConfigured(f"{where} is missing. Configured are: {known}.")
    spec = specs[alias]
    made = _made.get((setting, alias))
    if made is None or made[0] != spec:
        with _making:
            made = _made.get((setting, alias))
            if made is None or made[0] != spec:
                made = (copy.deepcopy(spec), _make(spec, alias=alias, base=base, where=where))
                _made[setting, alias] = made
    instance = made[1]
    if not isinstance(instance, base):
        raise ImproperlyConfigured(f'{where}["BACKEND"] is not a {base.__module__}.{base.__qualname__}.')
    return instance


def _specs(setting: str) -> dict[str, Any]:
    specs = getattr(conf.settings, setting)
    if not isinstance(specs, dict):
        raise ImproperlyConfigured(f'WAGTAIL_DRIP["{setting}"] must be a dict.')
    return specs


def _make(spec: object, *, alias: str, base: type[Any], where: str) -> Any:
    if not isinstance(spec, Mapping) or not isinstance(spec.get("BACKEND"), str):
        raise ImproperlyConfigured(f'{where} must be a dict with a dotted path under "BACKEND".')
    unknown = sorted(set(spec) - {"BACKEND", "OPTIONS"})
    if unknown:
        raise ImproperlyConfigured(
            f'{where} may hold only "BACKEND" and "OPTIONS", not {", ".join(unknown)}.'
        )
    options = spec.get("OPTIONS", {})
    if not isinstance(options, Mapping):
        raise ImproperlyConfigured(f'{where}["OPTIONS"] must be a dict.')
    try:
        backend = import_string(spec["BACKEND"])
    except ImportError as error:
        raise ImproperlyConfigured(f'{where}["BACKEND"] cannot be imported: {error}') from error
    if not isinstance(backend, type) or not issubclass(backend, base):
        raise ImproperlyConfigured(f'{where}["BACKEND"] is not a {base.__module__}.{base.__qualname__}.')
    return backend(alias=alias, options=options)
