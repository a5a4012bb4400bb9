"""Takes an id out of the lists under `categories:`, and leaves every other character of them as it is."""

import re

import yaml

from hf_spaces_runner.registry.layout import OddLayoutError
from hf_spaces_runner.registry.yaml_source import YamlProblem, composed, parse_yaml

_REST_OF_LINE = re.compile(r"[ \t]*,?[ \t]*(#[^\n]*)?\r?(\n|\Z)")
_COMMA = re.compile(r"[ \t]*,[ \t]*")


def listed_ids(section: str) -> dict[str, list[str]] | None:
    """Return the ids under each category of `section`, a key and its value; None where that cannot be read."""
    try:
        value = parse_yaml(section)
    except YamlProblem:
        return None
    lists = value.get("categories") if isinstance(value, dict) else None
    if lists is None:
        return {}
    if not isinstance(lists, dict) or any(not isinstance(ids, list | None) for ids in lists.values()):
        return None
    return {str(name): [str(one) for one in ids or ()] for name, ids in lists.items()}


def without_id(section: str, entry_id: str, *, but_in: str | None = None) -> str:
    """Return `section` without `entry_id`, other than in the list of the category `but_in`; a broken one as it is.

    Raises:
        OddLayoutError: it is written in a way that is not edited here.
    """
    lists = listed_ids(section)
    root = composed(section) if lists and any(entry_id in ids for ids in lists.values()) else None
    if lists is None or not isinstance(root, yaml.MappingNode):
        return section
    (_, value), *_ = root.value
    text = section
    # From the last to the first, so that the places of the others stay what they are.
    for name, node in reversed(value.value):
        if isinstance(node, yaml.SequenceNode) and name.value != but_in:
            for index in reversed(range(len(node.value))):
                if node.value[index].value == entry_id:
                    text = _without_item(text, node, index)
    wanted = {name: [one for one in ids if one != entry_id or name == but_in] for name, ids in lists.items()}
    if listed_ids(text) != wanted:
        raise OddLayoutError(f"the lists of categories that name {entry_id!r}")
    return text


def _without_item(text: str, node: yaml.SequenceNode, index: int) -> str:
    item = node.value[index]
    start, end = item.start_mark.index, item.end_mark.index
    if not node.flow_style:
        start = text.rindex("-", 0, start)
    line_start = text.rfind("\n", 0, start) + 1
    rest = _REST_OF_LINE.match(text, end)
    if rest is not None and not text[line_start:start].strip():
        return text[:line_start] + text[rest.end() :]
    comma = _COMMA.match(text, end)
    before = node.value[index - 1].end_mark.index if index else -1
    if comma is not None:
        end = comma.end()
    elif before >= line_start:
        start = before
    return text[:start] + text[end:]
