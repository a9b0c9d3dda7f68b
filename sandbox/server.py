"""Everything one server holds, made once and shared by its endpoints."""

from starlette.requests import Request

from sandbox.businesses import Businesses
from sandbox.clock import Clock
from sandbox.config import Config
from sandbox.database import Database
from sandbox.faults import Faults
from sandbox.grants import Grants
from sandbox.served import Served
from sandbox.throttle import Throttle


class Server:
    def __init__(self, config: Config) -> None:
        self.config = config
        self.database = Database(config.directory)
        self.clock = Clock(self.database)
        self.businesses = Businesses(self.database, self.clock)
        self.grants = Grants(self.database, self.clock, config)
        self.faults = Faults(self.database)
        self.served = Served(self.database)
        self.throttle = Throttle(self.clock, config.requests_per_minute)


def server_of(request: Request) -> Server:
    server: Server = request.app.state.server
    return server
