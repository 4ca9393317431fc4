"""Say what may stand in a chain, and copy it: pedalboard's plugins know neither copy nor pickle."""

from __future__ import annotations

import contextlib
import copy
import threading
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..errors import StreamError
from .neural_effect import NeuralEffect
from .pedalboard_group import import_pedalboard, plugins_within


def check_plugin(plugin: Any) -> Any:
    """Give a pedalboard plugin or a neural effect as it is; raises StreamError for anything else."""
    # A chain of effects alone does not need pedalboard.
    if isinstance(plugin, NeuralEffect):
        return plugin
    if isinstance(plugin, import_pedalboard().Plugin):
        return plugin
    raise StreamError(
        f"a chain takes pedalboard plugins, NeuralEffect objects and chains, and {type(plugin).__name__} "
        "arrived: wrap a model in NeuralEffect"
    )


def refuse_repeated(plugins: Iterable[Any]) -> None:
    """Raise StreamError where one object stands in two places, in containers too: its state is its own."""
    # Kept, not only their numbers: what a container gives goes when it is not held, and the next may get its number.
    seen: dict[int, Any] = {}
    for plugin in _all_within(plugins):
        if id(plugin) in seen:
            raise StreamError(
                f"the same {_name(plugin)} stands in the chain twice, and it has one state and one set of "
                "settings: make a second one, for an effect with its clone()"
            )
        seen[id(plugin)] = plugin


_locks: weakref.WeakKeyDictionary[Any, threading.Lock] = weakref.WeakKeyDictionary()
_making_locks = threading.Lock()


@contextlib.contextmanager
def held(plugins: Iterable[Any]) -> Iterator[None]:
    """Keep pedalboard plugins, of which other chains may have some too, from other threads; it waits for them."""
    parts = {id(part): part for part in _all_within(plugins) if not isinstance(part, NeuralEffect)}
    with _making_locks:
        # All threads in one order, or two of them would wait for each other.
        locks = [_locks.setdefault(parts[number], threading.Lock()) for number in sorted(parts)]
    with contextlib.ExitStack() as stack:
        for lock in locks:
            stack.enter_context(lock)
        yield


@dataclass(frozen=True)
class PluginCopy:
    """What makes a plugin of pedalboard again: it can be pickled where the plugin cannot.

    Parameters
    ----------
    kind : type
        Of the plugin.
    arguments : tuple
        For its constructor.
    settings : dict of str to object
        Values of its properties.
    """

    kind: type
    arguments: tuple[Any, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, plugin: Any) -> Any:
        """Describe a plugin of pedalboard; give a neural effect as a copy of itself.

        Raises
        ------
        StreamError
            For a plugin that does not tell all that it was made of.
        """
        if isinstance(plugin, NeuralEffect):
            return copy.copy(plugin)
        pedalboard, kind = import_pedalboard(), type(plugin)
        if isinstance(plugin, pedalboard.PluginContainer):
            return cls(kind, ([cls.of(part) for part in plugin],))
        arguments: tuple[Any, ...] = ()
        if isinstance(plugin, pedalboard.Convolution):
            arguments = (plugin.impulse_response_filename,)
        is_external = isinstance(plugin, pedalboard.ExternalPlugin)
        if is_external or None in arguments:
            raise StreamError(
                f"pedalboard does not tell all that this {_name(plugin)} was made of, so it cannot be copied or "
                "pickled: make another one, and a chain of it"
            )
        names = [name for name in dir(kind) if getattr(getattr(kind, name), "fset", None) is not None]
        return cls(kind, arguments, {name: getattr(plugin, name) for name in names})

    def make(self) -> Any:
        """Make the plugin."""
        plugin = self.kind(
            *(make_plugins(part) if isinstance(part, list) else part for part in self.arguments)
        )
        for name, value in self.settings.items():
            setattr(plugin, name, value)
        return plugin


def copy_plugins(plugins: Iterable[Any]) -> list[Any]:
    """Describe all plugins of a chain; see `PluginCopy.of`."""
    return [PluginCopy.of(plugin) for plugin in plugins]


def make_plugins(copies: Iterable[Any]) -> list[Any]:
    """Make the plugins that `copy_plugins` has described."""
    return [part.make() if isinstance(part, PluginCopy) else part for part in copies]


def _all_within(plugins: Iterable[Any]) -> Iterator[Any]:
    for plugin in plugins:
        # A chain of effects alone does not need pedalboard.
        yield from [plugin] if isinstance(plugin, NeuralEffect) else plugins_within([plugin])


def _name(plugin: Any) -> str:
    return repr(plugin.model.name) if isinstance(plugin, NeuralEffect) else type(plugin).__name__
