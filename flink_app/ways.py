"""From settings to what the operators are given: each gets the values it uses, never `Settings`."""

from __future__ import annotations

from functools import partial

from flink_app.end_settings import Card, HotState, ScoreSettings
from flink_app.job import Ways
from flink_app.settings import Settings
from udfs.clients.aws_http import AwsAddress
from udfs.clients.dynamodb import ACCOUNT_STATE, CUSTOMER_PROFILE, RECENT_TRANSACTIONS
from udfs.clients.ends import AwsEnds, CardKeySource, HotTables, read_card_key
from udfs.clients.hot_state import WriterSettings
from udfs.clients.scorer import ScorerSettings
from udfs.features.catalogue import MERCHANT, STAGES
from udfs.operators.decide_settings import DecideSettings
from udfs.rules.book import built_in_text

_DAY_S = 86_400
_WITHIN_FLUSH = 5  # a write starts a fifth of the flush time before its due time


def ways_of(settings: Settings) -> Ways:
    """How the operators work under *settings*."""
    card = _card_key(settings.card, settings.score.region)
    ends = AwsEnds(
        card=card,
        scorer=_scorer(settings.score),
        endpoint=_address(settings.score.endpoint_url, settings.score.region),
        tables=_tables(settings.hot_state) if settings.hot_state.enabled else None,
    )
    return Ways(
        decide=_decide(settings),
        make_ends=ends,
        read_card_key=partial(read_card_key, card),
        labels_topic=settings.kafka.labels_topic,
        inventory_topic=settings.kafka.inventory_topic,
        rates_topic=settings.kafka.rates_topic,
        base_currency=settings.base.currency,
        has_stages=settings.engine.entity_stages == "on",
        buffer_timeout_ms=settings.engine.buffer_timeout_ms,
    )


def sells_articles(settings: Settings) -> bool:
    """Whether there is a stage that takes the merchants' articles: topic inventory is not read without."""
    has_merchants = any(entity.name == MERCHANT for entity in STAGES)
    return settings.engine.entity_stages == "on" and has_merchants


def converts(settings: Settings) -> bool:
    """Whether payments are converted, by the first stage: topic fx-rates is not read without."""
    return settings.base.rates == "on" and bool(STAGES)


def _decide(settings: Settings) -> DecideSettings:
    return DecideSettings(
        wait_for_watermark=settings.order.wait == "watermark",
        profile_wait_ms=settings.order.profile_wait_ms,
        idle_days=settings.engine.account_idle_days,
        marker_period_ms=settings.engine.marker_period_ms,
        one_core=settings.engine.python_cores == "one" and settings.engine.execution_mode == "thread",
        max_pending=settings.score.max_pending,
        book=built_in_text(),
        transactions_topic=settings.kafka.transactions_topic,
        customers_topic=settings.kafka.customers_topic,
    )


def _card_key(card: Card, region: str) -> CardKeySource:
    return CardKeySource(version=card.key_version, source=card.key_source, region=region)


def _scorer(score: ScoreSettings) -> ScorerSettings:
    return ScorerSettings(
        endpoint=score.endpoint_name,
        deadline_ms=score.deadline_ms,
        max_rows=score.max_rows,
        max_wait_ms=score.max_wait_ms,
        attempt_timeout_ms=score.deadline_ms,
        fallback_value=score.fallback_value,
    )


def _tables(hot: HotState) -> HotTables:
    return HotTables(
        address=_address(hot.endpoint_url, hot.region),
        accounts=ACCOUNT_STATE._replace(name=hot.account_table),
        customers=CUSTOMER_PROFILE._replace(name=hot.customer_table),
        recent=RECENT_TRANSACTIONS._replace(name=hot.recent_table),
        recent_keep_s=hot.recent_keep_days * _DAY_S,
        writer=WriterSettings(flush_ms=hot.flush_ms, lead_ms=hot.flush_ms // _WITHIN_FLUSH),
    )


def _address(url: str, region: str) -> AwsAddress:
    return AwsAddress(region=region, endpoint_url="" if url == "aws" else url)
