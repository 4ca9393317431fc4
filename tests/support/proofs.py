"""Check that a model file proves itself."""

from plugin_host.playing.model import Model


def assert_proved(model: Model) -> None:
    """See that a model was compared with its golden pair whole and in every kind of blocks, and is the same in all."""
    checks = model.check()
    assert {check.compared for check in checks} > {"whole", "1 frame", "7 frames", "random"}
    assert [check for check in checks if not check.passed] == []
