"""What ``src/evaluate.py`` is asked to measure, measured."""

from omegaconf import DictConfig

from impasto.base.conf import CONF
from impasto.base.files import write_json
from impasto.evaluation.arguments import CORRUPTION, check_paths, is_of_checkpoint, is_of_clips
from impasto.evaluation.clip_measurements import measure_clips
from impasto.evaluation.command import Result, measure_checkpoint
from impasto.evaluation.corruption_measurements import measure_corrupted
from impasto.evaluation.folder_measurements import measure_folders, measure_pairs, measure_translated
from impasto.evaluation.style_measurements import measure_styled


def measure(cfg: DictConfig) -> Result:
    """Measure a checkpoint, a folder or a clip by the settings of ``conf/evaluate.yaml``, and write the JSON file.

    Raises:
        UserError: settings do not go together, something is not there, or nothing can be measured.
    """
    of_checkpoint = is_of_checkpoint(cfg)
    check_paths(cfg)
    protocols = CONF / "evaluation"
    if cfg.protocol == CORRUPTION:
        result = measure_corrupted(cfg, protocols)
    elif is_of_clips(cfg):
        result = measure_clips(cfg)
    elif of_checkpoint:
        result = measure_checkpoint(cfg, protocols)
    elif cfg.style is not None:
        result = measure_styled(cfg, protocols)
    elif cfg.target is not None:
        result = measure_pairs(cfg, protocols)
    else:
        result = (measure_folders if cfg.content is None else measure_translated)(cfg, protocols)
    write_json(result.path, result.report)
    return result
