"""Where a redirect leads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from multidict import CIMultiDict
from yarl import URL

from ..errors import OptionTypeError, OptionValueError
from .headers import injects
from .together import redirects


def check_location(options: Mapping[str, Any], headers: CIMultiDict[str]) -> Any:
    """Write `location` into the headers; the status that goes with it.

    Raises:
        OptionTypeError, OptionValueError: it is no address, or what stands beside it contradicts it.
    """
    location, status = options["location"], options.get("status", 302)
    if not isinstance(location, (str, URL)):
        raise OptionTypeError(f"location={location!r} is not an address. Give a str or a yarl.URL, relative or not.")
    address = str.__str__(location) if isinstance(location, str) else str(location)  # of an enum's member, its value
    if injects(address):
        raise OptionValueError(
            f"location={location!r} has a line break or a NUL in it, which would end the header. Take it out."
        )
    if "Location" in headers:
        raise OptionTypeError("location= is given beside the header Location, which it writes. Leave one of them out.")
    if not redirects(status):
        raise OptionValueError(
            f"location={address!r} is given beside status={status!r}, with which a client does not look at it. "
            "Give a status from 300 to 399, or 201 or 202, or leave it out for 302."
        )
    headers["Location"] = address
    return status
