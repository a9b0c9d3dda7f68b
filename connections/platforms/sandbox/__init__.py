"""The adapter of the sandbox platform."""

from connections.platforms.sandbox.platform import Sandbox

__all__ = ["Sandbox"]
