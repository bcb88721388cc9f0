"""Sharing models and styles on the Hugging Face Hub, and taking them from there; weights alone, nothing pickled."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import torch
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import (  # type: ignore[attr-defined]
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,  # of httpx, or of httpx2 in later versions
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from impasto.api.model import Model, load
from impasto.api.model_card import card, shareable, summary_of
from impasto.base.arguments import typed
from impasto.base.errors import UserError
from impasto.base.files import read_json, write_json
from impasto.export.weights_file import write as write_weights
from impasto.painters.adapters import KIND as ADAPTER
from impasto.painters.adapters import Adapter, read_adapter
from impasto.painters.checkpoints import run_folder
from impasto.painters.safetensors_file import kind_of

MODEL: Final = "model.safetensors"
STYLE: Final = "style.safetensors"
File = str | os.PathLike[str]


@typed
def push_to_hub(
    what: File | Model | Adapter,
    repo_id: str,
    *,
    licence: str,
    about: Mapping[str, str] | None = None,
    private: bool = True,
    token: str | None = None,
    endpoint: str | None = None,
) -> str:
    """Share a model or a style, with a card that is filled from its summary.

    Weights go as safetensors. Paths of this machine stay here: of folders the last part is named, and the command line
    and notices of the run are left out.

    Args:
        what: folder of a run, a checkpoint, an adapter, or what was loaded from one.
        repo_id: ``NAME/MODEL`` on the Hub; made if it is not there.
        licence: identifier such as ``cc-by-4.0``, which the pictures that it learnt from must allow.
        about: further paragraphs of the card by heading.
        private: whether nobody else sees it, if it is made now.
        token: of the Hub; None takes that of ``hf auth login``.
        endpoint: another Hub than ``HF_ENDPOINT``, or the public one.

    Returns:
        Its address.

    Raises:
        UserError: there is nothing to share, the Hub cannot be reached, or refuses.
    """
    with tempfile.TemporaryDirectory(prefix="impasto_hub_") as temporary, sentences(repo_id):
        folder = Path(temporary)
        kind, summary = gathered(what, folder)
        (folder / "README.md").write_text(card(kind, repo_id, summary, licence, about or {}), encoding="utf-8")
        api = HfApi(endpoint=endpoint, token=token, library_name="impasto")
        url = api.create_repo(repo_id, private=private, exist_ok=True)
        api.upload_folder(repo_id=repo_id, folder_path=folder, commit_message="Shared by Impasto")
    return str(url)


@typed
def from_pretrained(
    repo_id: str,
    *,
    revision: str | None = None,
    device: str | torch.device = "auto",
    trust: Sequence[str] = (),
    token: str | None = None,
    endpoint: str | None = None,
) -> Model | Adapter:
    """Take a model or a style from the Hub.

    Args:
        repo_id: ``NAME/MODEL`` on the Hub.
        revision: branch, tag or commit; None takes the newest.
        device: of a model, see :func:`~impasto.api.model.load`.
        trust: likewise.
        token: see :func:`push_to_hub`.
        endpoint: likewise.

    Returns:
        A model, or an adapter, which ``paint(style=...)`` takes.

    Raises:
        UserError: it is not there, the Hub cannot be reached, or its files are damaged or hostile.
    """
    where: dict[str, Any] = {"revision": revision, "token": token, "endpoint": endpoint}
    with sentences(repo_id):
        try:
            file = hf_hub_download(repo_id, MODEL, **where)
        except EntryNotFoundError as problem:
            if isinstance(problem, LocalEntryNotFoundError):
                raise
            return read_adapter(hf_hub_download(repo_id, STYLE, **where))
    return load(file, device=device, trust=trust)


def gathered(what: File | Model | Adapter, folder: Path) -> tuple[str, Mapping[str, Any]]:
    """Write what is shared into a folder, but its card; gives a sentence on it, and its summary.

    Raises:
        UserError: there is nothing to share.
    """
    if not isinstance(what, Model | Adapter):
        path = Path(what).expanduser()
        style = path.is_file() and path.suffix == ".safetensors" and kind_of(path) == ADAPTER
        what = read_adapter(path) if style else load(path, device="cpu")
    if isinstance(what, Adapter):
        replace(what, settings=shareable(what.settings)).save(folder / STYLE)
        of = f"A style learnt from {what.pictures} picture{'s' if what.pictures != 1 else ''}, for the base "
        return f"{of}`{what.base_sha256[:12]}`: `impasto.load().paint(picture, style=model)`.", summary_of(what)
    origin = what.painter.origin
    write_weights(what.painter, folder / MODEL)
    run = run_folder(origin.path)
    summary = shareable(read_json(run / "summary.json"))
    if summary:
        write_json(folder / "summary.json", summary)
    takes = " and ".join(what.painter.takes)
    return f"Paints pictures from {takes}, after {origin.images_seen:,} pictures of training.", summary


@contextmanager
def sentences(repo_id: str) -> Iterator[None]:
    """Within it, what the Hub answers is a sentence.

    Raises:
        UserError: instead of its own errors.
    """
    try:
        yield
    except HFValidationError as problem:
        reason = " ".join(str(problem).split())
        raise UserError(f"{repo_id} is no name on the Hub ({reason}); give NAME/MODEL.") from None
    except LocalTokenNotFoundError:
        raise UserError("The Hub asks who you are: run hf auth login, or give a token.") from None
    except GatedRepoError:
        raise UserError(f"{repo_id} is open to those alone whom its owner lets in: ask on its page.") from None
    except RevisionNotFoundError:
        raise UserError(f"{repo_id} has no such revision; leave it out for the newest.") from None
    except RepositoryNotFoundError:
        raise UserError(f"{repo_id} is not on the Hub, or not for you: check the name, or run hf auth login.") from None
    except (OfflineModeIsEnabled, LocalEntryNotFoundError) as problem:
        raise unreachable(problem) from None
    except EntryNotFoundError:
        raise UserError(f"{repo_id} holds neither {MODEL} nor {STYLE}, as Impasto shares them; give another.") from None
    except HfHubHTTPError as problem:
        reason = " ".join(str(problem.server_message or problem).split())[:200].rstrip(".")
        raise UserError(f"The Hub refuses {repo_id}: {reason}.") from None
    except HTTPError as problem:
        raise unreachable(problem) from None


def unreachable(problem: Exception) -> UserError:
    """That there is no way to the Hub."""
    reason = " ".join(str(problem).split())[:200].rstrip(".")
    return UserError(f"The Hub cannot be reached ({reason}): look at the network, and whether its offline mode is on.")
