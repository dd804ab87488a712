"""Pictures of what a trace found, for slides and for looking closer.

Every function takes tensors of this package, NumPy, PyTorch or (nested) lists, and gives a
`Picture`, which is drawn twice from the same numbers: `picture.figure()` is a matplotlib figure,
`picture.html()` a page to zoom, hover and click in, which needs nothing but itself. `picture.save`
chooses by the name of the file; notebooks show the page. Both need `pip install 'pellucid[viz]'`.

```python
from pellucid import viz

picture = viz.patching(effects, tokens=model.tokens(prompt))
picture.save("effects.png")
picture.save("effects.html")
```
"""

from pellucid.viz._attention import attention
from pellucid.viz._attribution import attribution
from pellucid.viz._bars import bars
from pellucid.viz._beside import beside
from pellucid.viz._lens import logit_lens
from pellucid.viz._map import HeatMap, heatmap, patching
from pellucid.viz._picture import Picture
from pellucid.viz._text import text
from pellucid.viz._tokens import token_label

__all__ = [
    "HeatMap",
    "Picture",
    "attention",
    "attribution",
    "bars",
    "beside",
    "heatmap",
    "logit_lens",
    "patching",
    "text",
    "token_label",
]
