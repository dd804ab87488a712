"""Properties of custom envoys: a site seen another way, and written through what is seen.

```python
class Attention(pl.Envoy):
    @pl.eproperty
    def mixed(self):
        return self.o_proj.input.unflatten(-1, (9, 64))  # [b, s, h, k]

model = pl.LanguageModel("SmolLM2-135M-Instruct", envoys={"self_attn": Attention})
with model.trace("The Eiffel Tower"):
    model.layers[3].attn.mixed[:, :, 5] = 0
```
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pellucid._current import before_the_end
from pellucid.errors import fault

if TYPE_CHECKING:
    from pellucid.envoy import Envoy


class eproperty(property):
    """A property of an envoy that can be assigned to, and changed in place.

    Bare, it decorates a method that gives a view of a site; assigning to the property writes
    to that view, which writes the site.

    With `key`, the name of a site of the module, the method gets the site's value as well, as in
    NNsight: `@pl.eproperty(key="output")` over `def heads(self, value)`; with the key `input` that
    is `((value,), {})`. What `postprocess` makes of an assigned value is then written to the site.
    Views write through by themselves; `transform(self, value, raw)` is for methods that give a
    copy, and makes of it, as it is at the end of the block, what the site is to be.
    """

    def __init__(self, key: str | Callable[..., Any] | None = None) -> None:
        super().__init__()
        self._of: Callable[..., Any] | None = None
        self._key = key if isinstance(key, str) else None
        self._postprocess: Callable[..., Any] | None = None
        self._transform: Callable[..., Any] | None = None
        if callable(key):
            self(key)

    def __call__(self, of: Callable[..., Any]) -> eproperty:
        """Takes the method."""
        self._of = of
        self.__doc__ = of.__doc__
        return self

    def postprocess(self, make: Callable[..., Any]) -> eproperty:
        """Takes what makes the site's value of an assigned one."""
        self._postprocess = self._with_key(make)
        return self

    def transform(self, make: Callable[..., Any]) -> eproperty:
        """Takes what makes the site's value of what the method gave, at the end of the block."""
        self._transform = self._with_key(make)
        return self

    def __get__(self, envoy: Envoy | None, owner: type[Envoy] | None = None) -> Any:
        if envoy is None:
            return self
        if self._of is None:
            raise fault("bad-argument", "this `eproperty` has no method", "it is a decorator")
        if self._key is None:
            return self._of(envoy)
        raw = getattr(envoy, self._site)
        value = self._of(envoy, raw)
        transform = self._transform
        if transform is not None:
            before_the_end(lambda: setattr(envoy, self._site, transform(envoy, value, raw)))
        return value

    def __set__(self, envoy: Envoy, value: Any) -> None:
        if self._postprocess is not None:
            setattr(envoy, self._site, self._postprocess(envoy, value))
        else:
            view = self.__get__(envoy)
            if view is not value:
                view.copy_(value)

    @property
    def _site(self) -> str:
        return "inputs" if self._key == "input" else str(self._key)

    def _with_key(self, make: Callable[..., Any]) -> Callable[..., Any]:
        if self._key is None:
            help = '`@pl.eproperty(key="output")` says which'
            raise fault("bad-argument", f"`{make.__name__}` writes to no site", help)
        return make
