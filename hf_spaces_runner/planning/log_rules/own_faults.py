"""What is wrong with a Space itself: packages that are missing, programs for another processor, no app file.

The texts are those of CPython, glibc's loader, transformers, pkg_resources, importlib.metadata, the shells and tini.
"""

from hf_spaces_runner.planning.log_rules.rule import PATH, Rule, look_for

_NEWER = "; of one that is pulled there may be a newer image: --pull always"
_MISFIT = "its Python packages do not fit together"
_PIN = "pin the versions in its requirements.txt that it was written for" + _NEWER
_PIN_NAMED = "pin {name} in its requirements.txt to the version that the Space was written for" + _NEWER
_REQUIREMENTS = "add what it imports to its requirements.txt" + _NEWER

DEPENDENCY_RULES = (
    Rule(
        pattern=look_for(r"(?:^|error: |python[\d.]{0,5}: )no module named ['\"]?(?P<name>[\w.]{1,100})"),
        verdict="missing_dependency",
        says="its image lacks a Python module",
        hint=_REQUIREMENTS,
        hint_named="add what brings the module {name} to its requirements.txt" + _NEWER,
    ),
    Rule(
        pattern=look_for(
            r"cannot import name '[^'\n]{1,100}' from (?:partially initialized module )?'(?P<name>\w{1,100})"
        ),
        verdict="dependency_conflict",
        says=_MISFIT,
        hint=_PIN,
        hint_named=_PIN_NAMED,
    ),
    # What new versions of these took away, by the names that their own messages or those of Python give them.
    Rule(
        pattern=look_for(
            r"^AttributeError: module '(?P<name>numpy|PIL|huggingface_hub|pydantic|httpx|starlette|jinja2|markupsafe"
            r"|pandas|scipy|sklearn|transformers|diffusers|gradio_client)[\w.]{0,80}' has no attribute '"
        ),
        verdict="dependency_conflict",
        says=_MISFIT,
        hint=_PIN,
        hint_named=_PIN_NAMED,
    ),
    Rule(
        pattern=look_for(
            r"^(?P<name>pydantic)[\w.]{0,40}\.Pydantic(?:Import|User|SchemaGeneration|Undefined)\w{0,20}Error: "
            r"|^TypeError: (?:Async)?Client\.__init__\(\) got an unexpected keyword argument 'proxies'"
            r"|^(?:Attribute|Import)Error: .{0,80}was removed in the (?P<numpy>NumPy) 2"
            r"|compiled using NumPy 1\.x cannot be run in|numpy\.dtype size changed|multiarray failed to import"
        ),
        verdict="dependency_conflict",
        says=_MISFIT,
        hint=_PIN,
        hint_named=_PIN_NAMED,
    ),
    Rule(
        pattern=look_for(
            r"requires the (?P<name>[\w-]{1,60}) library but it was not found"
            r"|no package metadata was found for|distribution was not found and is required"
            r"|^(?:Import|ModuleNotFound)Error.{0,600}pip install"
        ),
        verdict="missing_dependency",
        says="its image lacks a Python package",
        hint=_REQUIREMENTS,
        hint_named="add {name} to its requirements.txt" + _NEWER,
        names=(
            look_for(r"metadata was found for (?P<name>[\w.-]{1,100})"),
            look_for(r"the '(?P<name>[\w.-]{1,100})[^'\n]{0,100}' distribution was not found"),
            look_for(r"pip install (?:-U |--upgrade )?['\"`]?(?P<name>[A-Za-z0-9][\w.-]{0,99})"),
        ),
    ),
    Rule(
        pattern=look_for(
            r"(?P<name>lib[\w.+-]{1,80}\.so[\w.]{0,20}): cannot open shared object file|undefined symbol: "
        ),
        verdict="missing_dependency",
        says="a shared library of its image is missing or does not fit",
        hint="pin the versions in its requirements.txt that it was written for" + _NEWER,
        hint_named="add the Debian package that has {name} to its packages.txt, or to its Dockerfile" + _NEWER,
    ),
    Rule(
        pattern=look_for(
            r"^FileNotFoundError: \[errno 2\] no such file or directory: ['\"](?P<name>[^'\"/\n]{1,100})['\"]"
        ),
        within=look_for(r"_execute_child"),
        verdict="missing_dependency",
        says="its image lacks a program",
        hint="add the Debian package that has it to its packages.txt, or to its Dockerfile",
        hint_named="add the Debian package that has {name} to its packages.txt, or to its Dockerfile",
    ),
    Rule(
        pattern=look_for(r"(?:sh: (?:line )?|line )\d{1,5}: (?P<name>[\w.+-]{1,100}): (?:command )?not found$"),
        verdict="missing_dependency",
        says="its image lacks a program",
        hint="add the Debian package that has it to its packages.txt, or to its Dockerfile",
        hint_named="add the Debian package that has {name} to its packages.txt, or to its Dockerfile",
    ),
)

ARCHITECTURE_RULE = Rule(
    pattern=look_for(
        r"illegal instruction|exec format error|cannot execute binary file|SIGILL|uncaught target signal 4"
    ),
    verdict="wrong_architecture",
    says="its programs are made for another processor",
    hint="images of Spaces are linux/amd64, and some want a processor with AVX2: run it on such a machine",
)

APP_FILE_RULE = Rule(
    pattern=look_for(
        r"can't open file ['\"](?P<name>[^'\"\n]{1,300})['\"]: \[errno 2\]"
        r"|can't find '__main__' module in '"
    ),
    verdict="app_file_missing",
    says="the file that starts it is not there",
    hint="name the right one with app_file: in its registry entry; --dry-run shows what starts it now",
    names=(look_for(r"module in '(?P<name>[^'\n]{1,300})'"),),
    form=PATH,
)
