from connections.platforms.hledger.platform import Hledger

__all__ = ["Hledger"]
