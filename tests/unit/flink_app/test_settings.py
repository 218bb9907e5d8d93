"""Settings: typed, checked whole, every fault told at once and by its name."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flink_app.properties import Faults, Groups, load_groups
from flink_app.settings import GROUPS, RUN_OPTIONS, Settings, load_settings, parse_settings
from schemas.errors import BadSetting, ConfigurationError
from tests.builders import LEAST, given_also

pytestmark = pytest.mark.unit


def faults_of(groups: Groups) -> list[str]:
    """What is said of *groups*, one sentence a fault."""
    with pytest.raises(Faults) as refused:
        parse_settings(groups)
    return [str(fault) for fault in refused.value.faults]


def test_three_properties_are_enough() -> None:
    """Brokers, card key and archive must be given; everything else has a default."""
    settings = parse_settings(LEAST)
    assert settings.kafka.bootstrap_servers == "broker:9092"
    assert (settings.order.wait, settings.score.deadline_ms, settings.hot_state.enabled) == (
        "none",
        200,
        True,
    )


def test_properties_are_typed() -> None:
    """Properties come as text and leave as their types, spaces around them apart."""
    groups = given_also(
        hot_state={"enabled": "FALSE"}, score={"deadline.ms": " 50 ", "fallback.value": "0.25"}
    )
    settings = parse_settings(groups)
    assert (settings.hot_state.enabled, settings.score.deadline_ms) == (False, 50)
    assert settings.score.fallback_value == 0.25


def test_managed_flinks_own_group_is_known() -> None:
    """The group in which Managed Flink finds main.py and the jar is no fault, whatever is in it."""
    options = {"python": "main.py", "jarfile": "lib/job.jar", "to come": "anything"}
    assert parse_settings({**LEAST, RUN_OPTIONS: options}) == parse_settings(LEAST)


@pytest.mark.parametrize(
    ("rates", "stages", "faults"),
    [("off", "on", 0), ("on", "on", 0), ("off", "off", 0), ("on", "off", 1)],
)
def test_rates_are_for_the_first_stage(rates: str, stages: str, faults: int) -> None:
    """To read rates where no stage converts is a fault; without a word they are off, and the base is euro."""
    assert (parse_settings(LEAST).base.rates, parse_settings(LEAST).base.currency) == ("off", "EUR")
    groups = given_also(base={"rates": rates}, engine={"entity.stages": stages})
    if not faults:
        assert parse_settings(groups).base.rates == rates
        return
    [fault] = faults_of(groups)
    assert "base/rates: found on, expected off where engine/entity.stages is" in fault


@pytest.mark.parametrize("currency", ["eur", "XXX", "EURO", "€"])
def test_the_base_is_a_currency(currency: str) -> None:
    """A base currency that no payment can be in is a fault."""
    [fault] = faults_of(given_also(base={"currency": currency}))
    assert "base/currency" in fault


@pytest.mark.parametrize(
    ("wait", "profile_wait_ms", "faults"), [("none", "300", 0), ("watermark", "0", 0), ("watermark", "1", 1)]
)
def test_profiles_are_waited_for_in_one_way(wait: str, profile_wait_ms: str, faults: int) -> None:
    """To wait for an account's first profile where event time tells its profile already is a fault."""
    groups = given_also(order={"wait": wait, "profile.wait.ms": profile_wait_ms})
    if not faults:
        assert parse_settings(groups).order.profile_wait_ms == int(profile_wait_ms)
        return
    [fault] = faults_of(groups)
    assert "order/profile.wait.ms: found 1 ms, expected 0" in fault


@pytest.mark.parametrize(
    ("group", "name", "value", "told"),
    [
        ("score", "deadline.ms", "soon", "'soon', expected a whole number"),
        ("score", "deadline.ms", "9", "9 ms, expected at least 10 ms"),
        ("score", "deadline.ms", "60001", "60001 ms, expected at most 60000 ms"),
        ("score", "fallback.value", "1.5", "1.5, expected at most 1"),
        ("score", "fallback.value", "nan", "nan, expected at least 0"),
        ("score", "fallback.value", "half", "'half', expected a number"),
        ("score", "endpoint.url", "localhost:8080", "'localhost:8080', expected aws, or http://host:port"),
        ("hot.state", "enabled", "yes", "'yes', expected true or false"),
        ("order", "wait", "forever", "'forever', expected one of none, watermark"),
        ("kafka", "group.id", "", "an empty text, expected some text"),
        ("kafka", "bootstrap.servers", "broker", "'broker', expected host:port, separated by commas"),
        ("kafka", "late.topic", "too late`", "'too late`', expected a topic's name"),
        ("card", "key.source", "vault:x", "'vault:x', expected file:PATH or secretsmanager:NAME"),
        ("archive", "path", "/archive", "'/archive', expected s3://bucket/prefix or file:///path"),
        ("engine", "max.parallel", "5", "an unknown name, expected one of execution.mode"),
    ],
)
def test_fault_says_what_to_do(group: str, name: str, value: str, told: str) -> None:
    """A fault names the property, what was found and what is expected."""
    groups = {**LEAST, group: {**LEAST.get(group, {}), name: value}}
    [fault] = faults_of(groups)
    assert fault.startswith(f"{group}/{name}: found {told}")


def test_missing_groups_name_what_they_need() -> None:
    """A mandatory group that is absent is told with the properties it must have."""
    assert faults_of({}) == [
        "kafka: found no such property group, expected a group with at least bootstrap.servers",
        "card: found no such property group, expected a group with at least key.source",
        "archive: found no such property group, expected a group with at least path",
    ]


def test_missing_property_is_told() -> None:
    """A mandatory property that its group lacks is told with its meaning."""
    [fault] = faults_of({**LEAST, "archive": {}})
    assert fault.startswith("archive/path: found nothing, expected a value: Folder of the archive")


def test_unknown_group_is_a_fault() -> None:
    """A group that nobody declared is told with the known ones, Managed Flink's own among them."""
    [fault] = faults_of({**LEAST, "kafak": {}})
    assert fault.startswith("property groups/kafak: found an unknown name, expected one of kafka, order")
    assert RUN_OPTIONS in fault


def test_all_faults_are_told_together() -> None:
    """Every fault of every group is in one message, one line each."""
    groups = given_also(
        score={"deadline.ms": "x", "max.rows": "0"}, order={"wait": "maybe", "wiat": "none"}, nosuch={}
    )
    assert len(faults_of({**groups, "archive": {}})) == 6
    with pytest.raises(Faults, match=r"6 fault\(s\):(\n  - .*){6}"):
        parse_settings({**groups, "archive": {}})


@pytest.mark.parametrize(
    ("marker_ms", "enabled", "faults"),
    [("1200", "true", 0), ("1199", "true", 1), ("200", "false", 0), ("199", "false", 1)],
)
def test_promises_outlast_what_they_wait_for(marker_ms: str, enabled: str, faults: int) -> None:
    """The marker's period is no shorter than score deadline and store flush together."""
    groups = given_also(
        engine={"marker.period.ms": marker_ms},
        score={"deadline.ms": "200"},
        hot_state={"flush.ms": "1000", "enabled": enabled},
    )
    told = faults_of(groups) if faults else parse_settings(groups) and []
    assert len(told) == faults


def test_topics_are_not_shared() -> None:
    """Two ends on one topic are a fault of both: the job would read what it writes."""
    told = faults_of(given_also(kafka={"late.topic": "decisions"}))
    assert [fault.split(":")[0] for fault in told] == ["kafka/decisions.topic", "kafka/late.topic"]


@pytest.mark.parametrize("value", [5, None, True, ["x"]])
def test_a_value_that_is_no_text_is_told(value: object) -> None:
    """Managed Flink passes text; anything else in the file is a fault, not a guess."""
    [fault] = faults_of({**LEAST, "order": {"wait": value}})  # type: ignore[dict-item]
    assert "expected text" in fault


@given(
    st.dictionaries(
        st.text(max_size=9), st.dictionaries(st.text(max_size=9), st.text(max_size=9)), max_size=4
    )
)
def test_any_groups_end_in_settings_or_faults(groups: dict[str, dict[str, str]]) -> None:
    """Whatever is in the file, the job has settings or says its faults, and fails in no other way."""
    with suppress(Faults):
        assert isinstance(parse_settings({**LEAST, **groups}), Settings)


def test_every_default_is_allowed() -> None:
    """Each default, given as text, is accepted and means the same."""
    defaults = parse_settings(LEAST)
    spelled = {
        group_id: {
            name.replace("_", "."): str(getattr(getattr(defaults, attribute), name))
            for name in kind.__dataclass_fields__
        }
        for group_id, (attribute, kind) in GROUPS.items()
    }
    assert parse_settings(spelled) == defaults


def test_faults_pickle() -> None:
    """Faults survive the way between processes."""
    faults = Faults(BadSetting("a/b", "x", "y"), BadSetting("c/d", "x", "y"))
    assert str(pickle.loads(pickle.dumps(faults))) == str(faults)


def test_file_has_the_shape_of_managed_flink(tmp_path: Path) -> None:
    """The file is a JSON list of groups, each with its id and its map."""
    path = tmp_path / "application_properties.json"
    entries = [{"PropertyGroupId": name, "PropertyMap": properties} for name, properties in LEAST.items()]
    path.write_text(json.dumps(entries))
    assert load_settings(path) == parse_settings(LEAST)


@pytest.mark.parametrize(
    "text", ["", "{", "{}x", '{"kafka": {}}', "[1]", '[{"PropertyGroupId": "kafka"}]', "\x00", "null"]
)
def test_file_of_another_shape_is_one_fault(tmp_path: Path, text: str) -> None:
    """A file that is no list of groups is told by its name, with the shape it must have."""
    path = tmp_path / "application_properties.json"
    path.write_text(text)
    with pytest.raises(BadSetting, match=r"application_properties\.json: found .*, expected a JSON list"):
        load_groups(path)


def test_group_that_is_told_twice_is_a_fault(tmp_path: Path) -> None:
    """Of two groups of one name neither is silently dropped."""
    path = tmp_path / "application_properties.json"
    path.write_text(json.dumps([{"PropertyGroupId": "kafka", "PropertyMap": {}}] * 2))
    with pytest.raises(ConfigurationError, match="kafka: found 2 groups"):
        load_groups(path)


def test_absent_file_is_one_fault(tmp_path: Path) -> None:
    """A file that is not there is told by its path."""
    with pytest.raises(BadSetting, match="no readable file"):
        load_groups(tmp_path / "nowhere.json")
