"""`titanic train`: the command of `training/`, which is there without this package, too."""

from training.command import train

__all__ = ["train"]
