from pathlib import Path

from hf_spaces_runner.domain.api import ApiKind
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.orchestrator.stamps import Stamps


def test_what_an_image_speaks_is_remembered_by_its_id(tmp_path: Path) -> None:
    stamps = Stamps(tmp_path)
    image, other = Image(id="sha256:a", reference="x:latest"), Image(id="sha256:b", reference="x:latest")
    stamps.note_kind(image, ApiKind.OPENAPI)
    assert (stamps.kind_of(image), stamps.kind_of(other)) == (ApiKind.OPENAPI, None)
    stamps.note_kind(image, ApiKind.GRADIO)
    assert stamps.kind_of(image) is ApiKind.GRADIO


def test_a_page_is_not_remembered_and_nonsense_is_nothing(tmp_path: Path) -> None:
    stamps, image = Stamps(tmp_path), Image(id="sha256:a", reference="x:latest")
    stamps.note_kind(image, ApiKind.PAGE)
    assert stamps.kind_of(image) is None
    stamps.note_kind(image, ApiKind.OPENAI)
    (file,) = (tmp_path / "kinds").iterdir()
    file.write_text("soap")
    assert stamps.kind_of(image) is None
