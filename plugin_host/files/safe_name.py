"""Names of files from words of others."""

import re


def safe_name(label: str) -> str:
    """Make a name of a file of a label, which is whatever a model's author wrote: no folder, and not hidden."""
    return re.sub(r"[^\w ()+.-]", "_", label).lstrip(". ") or "_"
