"""Around the task of every entry script; imports neither torch nor lightning, so that typos are answered at once."""

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hydra.errors import CompactHydraException
from omegaconf import OmegaConf

from impasto.base.errors import UserError
from impasto.run.command_line.arguments import with_open_settings, with_text_quoted
from impasto.run.command_line.composition_errors import (
    composition_sentence,
    group_sentence,
    missing_plugin,
    settings_of,
)
from impasto.run.command_line.help import answer_help
from impasto.run.command_line.override_checks import refuse_misfits
from impasto.run.command_line.resolvers import one_gpu, style_budget, trial_dir


def register_resolvers() -> None:
    """Make the resolvers of ``conf/`` known; needed before Hydra composes."""
    OmegaConf.register_new_resolver("trial_dir", trial_dir, replace=True)
    OmegaConf.register_new_resolver("one_gpu", one_gpu, replace=True)
    OmegaConf.register_new_resolver("style_budget", style_budget, replace=True)
    # conf/hydra/launcher/ray.yaml has the name of the plugin's own, on purpose: hydra/launcher=ray is what users type.
    warnings.filterwarnings("ignore", r"\s*'hydra/launcher/ray' is validated against ConfigStore schema")
    OmegaConf.register_new_resolver("run_dir", lambda resume, fresh: resume or fresh, replace=True)
    # A resumed run keeps the record of its first start: Hydra writes none.
    OmegaConf.register_new_resolver("run_record", lambda resume: None if resume else ".hydra", replace=True)


def run(main: Callable[[], Any]) -> None:
    """Call a script's main; a mistake of the user's ends in its sentence and status 1, without a traceback.

    Set ``IMPASTO_TRACEBACK=1`` to see where it came from.
    """
    # Hydra would print a traceback of its own, also for a folder that cannot be written: let it raise instead.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    script = Path(sys.argv[0]).stem
    try:
        answer_help(script, sys.argv[1:])
        sys.argv[1:] = with_open_settings(with_text_quoted(sys.argv[1:]), settings_of(script))
        main()
    except CompactHydraException as problem:
        sys.exit(composition_sentence(problem, script))
    except BrokenPipeError:  # the reader of the output, such as head, has ended
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (UserError, OSError) as problem:
        if os.environ.get("IMPASTO_TRACEBACK") == "1":
            raise
        sys.exit(f"Error: {sentence(problem)}")
    except (RuntimeError, ValueError) as problem:
        if said := missing_plugin(str(problem)):  # conf/hydra has settings for it, so that it composes
            sys.exit(said)
        if "Config group override" not in str(problem):
            raise
        sys.exit(group_sentence(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)


def sentence(problem: BaseException) -> str | None:
    """One line for a person to read; None for an error that is not the user's."""
    if isinstance(problem, OSError) and problem.filename:
        return f"{Path(str(problem.filename))}: {problem.strerror}. Check the path, its permissions and the free space."
    if "Could not determine home directory" in str(problem):  # of pathlib, and of packages such as wandb
        return "There is no home folder for ~ or for settings: set HOME=FOLDER in the environment."
    return str(problem) if isinstance(problem, UserError | OSError) else None


def checked(task: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A task that does not start with missing values or values of the wrong type."""

    def begun(cfg: Any) -> Any:
        if missing := sorted(OmegaConf.missing_keys(cfg)):
            raise UserError(f"Give {', '.join(f'{key}=' for key in missing)}; --help says what it is.")
        refuse_misfits(cfg)
        return task(cfg)

    return begun


def report_user_errors(task: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make a task's UserError an exit with one sentence, instead of Hydra's own report."""

    def guarded(cfg: Any) -> Any:
        try:
            return task(cfg)
        except (UserError, OSError, RuntimeError) as problem:
            said = sentence(problem)
            if said is None or os.environ.get("IMPASTO_TRACEBACK") == "1":
                raise
            sys.exit(f"Error: {said}")

    return guarded


# The processes of a parallel sweep get the task without its script, and import this module with it.
register_resolvers()
