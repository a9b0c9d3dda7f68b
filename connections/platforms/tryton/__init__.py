"""The adapter of Tryton, from version 8.0 on: earlier ones have no REST interface."""

from connections.platforms.tryton.platform import Tryton

__all__ = ["Tryton"]
