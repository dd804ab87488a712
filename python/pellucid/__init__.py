"""Look inside language models and change what happens there."""

from pellucid._native import __version__

__all__ = ["__version__"]
