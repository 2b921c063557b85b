import pytest

pytest.register_assert_rewrite(
    *(f"tests.model.{name}" for name in ("foresight", "oracle", "window", "stage", "ending", "customers", "machine"))
)
