"""`titanic profile`: the command of `training/`, which is there without this package, too."""

from training.profile_command import profile

__all__ = ["profile"]
