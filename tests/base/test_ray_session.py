import socket

import pytest

from impasto.base.errors import UserError
from impasto.base.ray_session import refuse_silence


def test_a_cluster_that_does_not_answer_is_a_sentence() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        server.listen()
        refuse_silence(f"127.0.0.1:{port}")
        refuse_silence("auto")
    with pytest.raises(UserError, match=rf"RAY_ADDRESS=127\.0\.0\.1:{port} does not answer .*unset it"):
        refuse_silence(f"127.0.0.1:{port}")
