"""Greets."""


def greet(who: str) -> str:
    """A greeting for someone."""
    return f"Hello, {who}!"
