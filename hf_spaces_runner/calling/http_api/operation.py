"""An operation of an OpenAPI description: an endpoint, and where each of its parameters goes in the request."""

from dataclasses import dataclass
from enum import StrEnum

from hf_spaces_runner.calling.endpoint import Endpoint


class Place(StrEnum):
    """Where a parameter goes; the first three in the words of OpenAPI."""

    PATH = "path"
    QUERY = "query"
    HEADER = "header"
    FIELD = "field"
    BODY = "body"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The place of one parameter. `wire_name` is what the Space calls it, whatever characters that has.

    `required` ones are sent when they are null, too. `joined` lists are one text with commas.
    """

    place: Place
    wire_name: str
    required: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationEndpoint(Endpoint):
    """An operation. `path` has `{NAME}` for each parameter in it; `slots` are those of `parameters`, one by one.

    `body_type` is the media type of the request's body, empty where it has none. `labels` are the properties that the
    answer is said to have, if it is an object.
    """

    method: str
    path: str
    slots: tuple[Slot, ...] = ()
    body_type: str = ""
    body_required: bool = False
    labels: tuple[str, ...] = ()
