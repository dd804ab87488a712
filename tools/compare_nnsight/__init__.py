"""The same scripts on NNsight and on Pellucid: `python tools/compare_nnsight`."""
