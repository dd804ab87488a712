"""Look inside language models and change what happens there.

```python
import pellucid as pl

model = pl.LanguageModel("SmolLM2-135M-Instruct")
with model.trace("The Eiffel Tower is in the city of"):
    h = model.model.layers[5].output  # [1, 9, 576], known now
    model.model.layers[5].output[:, -1] = h[:, -1] * 0.5
    logits = model.lm_head.output[:, -1].save()
logits.argmax(-1)  # concrete after the block
```
"""

from pellucid import (
    _contract,
    _create,
    _gradients,
    _log,
    _ops,
    _places,
    _random,
    _reduce,
    _views,
    linalg,
    weights,
)
from pellucid._containers import SavedDict as dict
from pellucid._containers import SavedList as list
from pellucid._containers import save, tensor
from pellucid._contract import *  # noqa: F403
from pellucid._create import *  # noqa: F403
from pellucid._gradients import *  # noqa: F403
from pellucid._log import Log, on_log
from pellucid._meter import Meter
from pellucid._native import __version__, peak_memory
from pellucid._ops import *  # noqa: F403 - the table's names
from pellucid._places import *  # noqa: F403
from pellucid._random import *  # noqa: F403
from pellucid._reduce import *  # noqa: F403
from pellucid._views import *  # noqa: F403
from pellucid.cache import Cache
from pellucid.dtype import (
    DType,
    bfloat16,
    float16,
    float32,
    float64,
    int32,
    int64,
    uint8,
)
from pellucid.dtype import bool_ as bool
from pellucid.edit import Edit, load_edit
from pellucid.envoy import Envoy
from pellucid.eproperty import eproperty
from pellucid.errors import (
    ArgumentError,
    DTypeError,
    EditError,
    FormatError,
    GradientError,
    LimitError,
    LoadError,
    OrderError,
    PathError,
    PellucidError,
    PromptError,
    RangeError,
    ShapeError,
    TraceError,
    TupleIndexWarning,
    UnusedValueWarning,
)
from pellucid.flow import cond, function, while_loop
from pellucid.language_model import LanguageModel
from pellucid.model import Model
from pellucid.session import Session, session
from pellucid.tensor import Tensor
from pellucid.tokenizer import Encoding, Tokenizer
from pellucid.trace import Trace, load_trace
from pellucid.tracer import Tracer

log = _log.log  # type: ignore[assignment] # of the table's names it hides one: `x.log()`

__all__ = [
    "ArgumentError",
    "Cache",
    "DType",
    "DTypeError",
    "Edit",
    "EditError",
    "Encoding",
    "Envoy",
    "FormatError",
    "GradientError",
    "LanguageModel",
    "LimitError",
    "LoadError",
    "Log",
    "Meter",
    "Model",
    "OrderError",
    "PathError",
    "PellucidError",
    "PromptError",
    "RangeError",
    "Session",
    "ShapeError",
    "Tensor",
    "Tokenizer",
    "Trace",
    "TraceError",
    "Tracer",
    "TupleIndexWarning",
    "UnusedValueWarning",
    "__version__",
    "bfloat16",
    "bool",
    "cond",
    "dict",
    "eproperty",
    "float16",
    "float32",
    "float64",
    "function",
    "int32",
    "int64",
    "linalg",
    "list",
    "load_edit",
    "load_trace",
    "on_log",
    "peak_memory",
    "save",
    "session",
    "tensor",
    "uint8",
    "weights",
    "while_loop",
]
__all__ += _ops.__all__
__all__ += _contract.__all__
__all__ += _create.__all__
__all__ += _reduce.__all__
__all__ += _places.__all__
__all__ += _gradients.__all__
__all__ += _random.__all__
__all__ += _views.__all__
