"""Jobs that are counted, a Redis that may be killed; nothing may stay behind them."""

from tests.experiments.fixtures import mortal_redis, quick_producer  # noqa: F401 - fixtures
from tests.integration.leaks import no_key_is_left_without_an_owner  # noqa: F401 - autouse
from tests.integration.redis_servers import redis_server  # noqa: F401 - on each server
