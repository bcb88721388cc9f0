"""The service over HTTP, with what paints replaced: no Ray, no network."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

pytest.importorskip("starlette", reason="the serve extra is not installed")
pytest.importorskip("prometheus_client", reason="the serve extra is not installed")

from impasto.base.visitors import Limits
from impasto.inference.repaint import Look
from impasto.inference.style_choice import shipped_styles
from impasto.serve import front as module
from impasto.serve.easel import Order, Painting
from impasto.serve.front import Front
from impasto.serve.refusals import Refusal
from impasto.serve.retrying import TRIES, retrying
from impasto.serve.shelf import Shelf
from tests.serve.pictures import encoded

TOKEN = "a-token-of-enough-letters"
PICTURE = encoded()


class DiedError(Exception):
    pass


class Painters:
    """Stands for the replicas: remembers what it was asked for."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.deaths = 0
        self.gate: asyncio.Event | None = None

    async def __call__(self, order: Order) -> Painting:
        self.orders.append(order)
        if self.gate is not None:
            await self.gate.wait()
        if self.deaths:
            self.deaths -= 1
            raise DiedError
        return Painting(b"painted", order.upload.ending, ("a note",), 2, True)


@pytest.fixture
def painters() -> Painters:
    return Painters()


def front_of(painters: Any, **others: Any) -> Front:
    return Front(
        **{"paint": painters, "running": lambda: 2, "shelf": Shelf(), "limits": Limits(10**5, 10**4), **others}
    )


def ask(front: Front, *requests: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]) -> list[httpx.Response]:
    """Answers to requests that are sent at the same time."""

    async def all_of_them() -> list[httpx.Response]:
        transport = httpx.ASGITransport(front.app(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            return list(await asyncio.gather(*(request(client) for request in requests)))

    return asyncio.run(all_of_them())


def post(query: str = "?style=harvest", data: Any = PICTURE, **options: Any) -> Any:
    return lambda client: client.post(f"/paint{query}", content=data, **options)


def get(path: str, **options: Any) -> Any:
    return lambda client: client.get(path, **options)


def test_a_picture_is_painted_as_it_is_asked_for(painters: Painters) -> None:
    front = front_of(painters)
    query = "?style=night_cafe&strength=0.7&preserve_color=true&brush=2"
    plain, whole = ask(front, post(), post(query))
    assert (plain.status_code, plain.content) == (200, b"painted")
    assert plain.headers["content-type"] == "image/png"
    assert plain.headers["impasto-notes"] == "a note"
    assert whole.status_code == 200
    asked = {order.style: order.look for order in painters.orders}
    assert asked == {"harvest": Look(1.0, False, None, "auto"), "night_cafe": Look(0.7, True, None, 2.0)}
    assert all(order.upload.data == PICTURE for order in painters.orders)


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        (post("?style=nobody"), 404, "There is no style 'nobody': GET /styles lists them."),
        (post("?style=harvest&size=3"), 400, "'size' is no setting of a painting: there are style, strength,"),
        (post("?style=harvest&strength=2"), 400, "strength=2.0 is out of range; give a number from 0 to 1.5."),
        (post("?style=harvest&strength=nan"), 400, "strength=nan is out of range"),
        (post("?style=harvest&strength=much"), 400, "strength is a number, and 'much' is none."),
        (post("?style=harvest&brush=99"), 400, "brush=99.0 does not fit"),
        (post("?style=harvest&preserve_color=maybe"), 400, "preserve_color is true or false."),
        (post("?style=harvest&style=night_cafe"), 400, "A setting is given twice"),
        (post(data=b""), 400, "The request has no body"),
        (post(data=b"x" * 100_001), 413, "more than the 100,000 bytes"),
        (post(data=encoded(height=101, width=100)), 413, "100 x 101 pixels are more than the 10,000"),
        (post(data=b"hello"), 415, "This is no picture"),
        (post(data=PICTURE[:40]), 422, "damaged or cut short"),
        (get("/paint?style=harvest"), 405, "There is no such address here: there are POST /paint"),
        (get("/etc/passwd"), 404, "There is no such address here"),
        (get("/styles", headers={"host": "evil.example:8000"}), 403, "not 'evil.example': ask 127.0.0.1."),
    ],
)
def test_a_bad_request_gets_one_sentence(painters: Painters, request_: Any, status: int, says: str) -> None:
    front = front_of(painters)
    (response,) = ask(front, request_)
    assert response.status_code == status
    assert says in response.json()["error"]
    assert not painters.orders
    assert front.counters.waiting == 0


def test_a_body_without_a_length_is_read_up_to_the_limit(painters: Painters) -> None:
    sent = []

    async def endless() -> Any:
        while True:
            sent.append(1)
            yield b"x" * 10_000

    (response,) = ask(front_of(painters), post(data=endless()))
    assert response.status_code == 413
    assert len(sent) <= 12


def test_a_body_that_does_not_arrive(painters: Painters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UPLOAD_SECONDS", 0.05)

    async def slow() -> Any:
        yield PICTURE[:10]
        await asyncio.sleep(60)

    (response,) = ask(front_of(painters), post(data=slow()))
    assert (response.status_code, response.headers["connection"]) == (408, "close")


def test_a_token_is_needed_where_there_is_one(painters: Painters) -> None:
    front = front_of(painters, token=TOKEN)
    right = {"authorization": f"Bearer {TOKEN}", "host": "studio.example"}
    wrong = [{}, {"authorization": TOKEN}, {"authorization": "Bearer x"}, {"authorization": b"Bearer \xe9"}]
    answers = ask(
        front, *(post(headers=each) for each in wrong), *(get(p, headers=wrong[2]) for p in ("/styles", "/metrics"))
    )
    assert [each.status_code for each in answers] == [401] * 6
    assert answers[0].headers["www-authenticate"] == "Bearer"
    good = ask(
        front, post(headers=right), get("/styles", headers=right), get("/metrics", headers=right), get("/health")
    )
    assert [each.status_code for each in good] == [200] * 4
    assert len(painters.orders) == 1


def test_styles_and_health(painters: Painters) -> None:
    styles, health = ask(front_of(painters), get("/styles"), get("/health"))
    assert styles.json() == {"styles": sorted(shipped_styles())}
    assert (health.status_code, health.json()) == (200, {"replicas": 2})
    none, _ = ask(front_of(painters, running=lambda: 0), get("/health"), get("/styles"))
    assert (none.status_code, none.json()) == (503, {"replicas": 0})
    (one_way,) = ask(front_of(painters, any_style=False), get("/styles"))
    assert one_way.json() == {"styles": []}


def test_more_than_are_answered_are_sent_away() -> None:
    painters = Painters()
    front = front_of(painters, max_waiting=2)

    async def one_more(client: httpx.AsyncClient) -> httpx.Response:
        while len(painters.orders) < 2:
            await asyncio.sleep(0.001)
        response: httpx.Response = await post()(client)
        assert painters.gate is not None
        painters.gate.set()
        return response

    async def begin(client: httpx.AsyncClient) -> httpx.Response:
        painters.gate = painters.gate or asyncio.Event()
        return await post()(client)  # type: ignore[no-any-return]

    first, second, third = ask(front, begin, begin, one_more)
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 503)
    assert third.headers["retry-after"] == "2"
    assert "2 requests are being answered" in third.json()["error"]
    assert front.counters.waiting == 0


@pytest.mark.parametrize(("deaths", "status"), [(0, 200), (1, 200), (TRIES - 1, 200), (TRIES, 500)])
def test_another_replica_is_asked_when_one_dies(painters: Painters, deaths: int, status: int) -> None:
    painters.deaths = deaths
    front = front_of(None)
    front = front_of(retrying(painters, (DiedError,), front.counters.retried), counters=front.counters)
    (response,) = ask(front, post())
    assert response.status_code == status
    assert len(painters.orders) == min(deaths + 1, TRIES)
    assert value(front, "impasto_retries_total") == min(deaths, TRIES - 1)


def test_what_takes_too_long_is_given_up(painters: Painters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAINT_SECONDS", 0.05)

    async def asleep(order: Order) -> Painting:
        await asyncio.sleep(60)
        raise AssertionError

    (response,) = ask(front_of(asleep), post())
    assert response.status_code == 504


def test_an_error_of_the_service_says_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(order: Order) -> Painting:
        raise ValueError("/secret/path")

    front = front_of(broken)
    (response,) = ask(front, post())
    assert response.status_code == 500
    assert value(front, "impasto_answers_total", status="500") == 1
    assert "secret" not in response.text
    assert "/secret/path" in caplog.text


def value(front: Front, name: str, **labels: str) -> float | None:
    return front.counters.registry.get_sample_value(name, labels)


def test_metrics_count_what_happened(painters: Painters) -> None:
    front = front_of(painters)
    ask(front, post(), post(), post("?style=nobody"), post(data=b"hello"))
    (page,) = ask(front, get("/metrics"))
    assert 'impasto_answers_total{status="200"} 2.0\n' in page.text
    assert [value(front, "impasto_answers_total", status=s) for s in ("200", "404", "415")] == [2, 1, 1]
    assert value(front, "impasto_painted_bytes_total") == 2 * len(b"painted")
    assert value(front, "impasto_together_sum") == 4
    assert value(front, "impasto_style_loads_total") == 2
    assert value(front, "impasto_waiting") == 0


def test_rays_own_page_is_added_as_far_as_it_is_about_serve(
    painters: Painters, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    text = "# HELP ray_serve_x X\n# TYPE ray_serve_x counter\nray_serve_x 3\n# HELP ray_other Y\nray_other 1\n"
    front = front_of(painters, of_ray="http://127.0.0.1:9/metrics")
    (without,) = ask(front, get("/metrics"))
    assert without.text.endswith("# Ray's own page of metrics does not answer\n")
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO(text.encode()))
    (page,) = ask(front, get("/metrics"))
    assert page.text.endswith("# HELP ray_serve_x X\n# TYPE ray_serve_x counter\nray_serve_x 3\n")
    assert "ray_other" not in page.text


def test_a_refusal_of_a_replica_is_handed_on() -> None:
    async def full(order: Order) -> Painting:
        raise Refusal(422, "The picture cannot be painted: it has 5 channels.")

    front = front_of(full)
    (response,) = ask(front, post())
    assert (response.status_code, response.json()["error"][-18:]) == (422, "it has 5 channels.")
    assert value(front, "impasto_answers_total", status="422") == 1
