"""Kits for weights: for use in the block of `with model.edit() as edited:`.

```python
with model.edit() as edited:
    pl.weights.orthogonalize(edited, direction)  # nothing writes along it any more
    pl.weights.rank_one(edited.layers[3].mlp.down_proj, to, along, scale=0.5)
```
"""

from pellucid.weights._rank_one import rank_one
from pellucid.weights._residual import orthogonalize, writers

__all__ = ["orthogonalize", "rank_one", "writers"]
