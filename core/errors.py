"""Every error that a user can cause or can mend, as one short tree.

A message says what must hold, what was got, where, and what to do. The commands print it as one line and exit
with code 2 (`core.cli`); anything outside this tree is a fault of ours and keeps its traceback.
"""


class SoftvoteError(Exception):
    """Root of all errors that softvote raises on purpose."""


class ConfigError(SoftvoteError, ValueError):
    """A setting or a hyperparameter is out of its range: change that setting."""


class DataError(SoftvoteError, ValueError):
    """The images or labels are not what training needs: mend the file."""


class StudyError(SoftvoteError, ValueError):
    """A study's folder is missing, is none, or contradicts the settings: name another study or settings."""


class StoredFileError(SoftvoteError, ValueError):
    """A file of a study's folder is torn, foreign or of another format: delete it or train that trial again."""


class TrainingError(SoftvoteError, ArithmeticError):
    """A training cannot go on (a non-finite loss, say): try another configuration."""


class ClusterError(SoftvoteError, RuntimeError):
    """The Ray cluster cannot be reached or cannot place a trial: check the address and the resources asked for."""


class SubmitError(SoftvoteError, RuntimeError):
    """A written submission did not reach Kaggle: mend what the message says and submit the same file again."""
