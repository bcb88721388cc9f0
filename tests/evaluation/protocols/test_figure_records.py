from impasto.evaluation.protocols.figure_records import full_record, share_records

METRICS = {
    "fd": {"value": 1.0, "extractor": "net", "sha": "1", "real": 9, "interval": None, "higher_is_better": False},
    "kid": {"value": 2.0, "extractor": "net", "sha": "1", "real": 9, "subsets": 3, "higher_is_better": False},
    "accuracy": {"value": 0.5, "extractor": "classifier", "sha": "2", "real": 9, "by_class": {"a": 1.0}},
}


def test_what_figures_share_stands_once() -> None:
    found = share_records(METRICS)
    assert found["protocols"] == {
        "all": {"real": 9},
        "net": {"extractor": "net", "sha": "1"},
        "classifier": {"extractor": "classifier", "sha": "2"},
    }
    assert found["metrics"]["kid"] == {"protocol": "net", "value": 2.0, "subsets": 3, "higher_is_better": False}
    for name, record in METRICS.items():
        assert full_record(found, name) == {**record, "protocol": record["extractor"]}


def test_figures_that_do_not_say_what_they_were_measured_with() -> None:
    found = share_records({"mine": {"value": 1.0, "higher_is_better": True}})
    assert found == {
        "metrics": {"mine": {"protocol": "all", "value": 1.0, "higher_is_better": True}},
        "protocols": {"all": {}},
    }
    assert share_records({}) == {"metrics": {}, "protocols": {"all": {}}}
