"""`make features`: the stream's own features of a file, in the stream's own order."""

from __future__ import annotations

from operator import itemgetter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from local.export import add_named
from local.mapping import open_source
from local.mappings.spec import Renamed
from local.mappings.tables import MappingError
from local.observing import Logs
from local.training import main, write_features
from udfs.features.blocks import Event
from udfs.features.catalogue import CATALOGUE, Entity
from udfs.features.known import digest
from udfs.features.names import BY_NAME
from udfs.features.windows import HOUR_MS

pytestmark = pytest.mark.unit

MAPPING = """
transactions:
  transaction_id: id
  account_id: account
  event_time: at
  amount: amount
  merchant_id: shop
  currency: {constant: EUR}
label: {is_fraud: fraud, delay_days: 7}
features:
  BOOK_COUNT: count_24h
  BOOK_MEAN: {feature: mean_24h, divide_by: 100}
  BOOK_RISK: merchant_risk_1d
"""
ROWS = """id,account,at,amount,shop,fraud
1,a,2024-01-01T00:00:00Z,1.10,m,1
2,b,2024-01-01T00:00:00Z,2,m,0
3,a,2024-01-01T12:00:00Z,2.10,m,0
4,b,2024-01-08T00:00:00Z,2,m,0
5,b,2024-01-08T11:59:59Z,4,,0
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small file and its mapping."""
    (tmp_path / "data.csv").write_text(ROWS)
    (tmp_path / "mine.yaml").write_text(MAPPING)
    return tmp_path


def arguments(folder: Path, *more: str) -> list[str]:
    """Words of the command."""
    words = ["--data", folder / "data.csv", "--mapping", folder / "mine.yaml", "--out", folder / "out", *more]
    return [str(word) for word in words]


def event_at(time_ms: int) -> Event:
    """A payment of some 100 minor units."""
    return Event(time_ms, 100 + time_ms % 7, "EUR", 0, digest(str(time_ms)))


def columns(folder: Path) -> dict[str, list[object]]:
    """What was written, by column."""
    return pq.read_table(folder / "out/features/part-0.parquet").to_pydict()


def test_the_mappings_names_and_units(folder: Path) -> None:
    """
    A label is known from its time on, for payments of that very time too; a mapping's own names are used.

    day   0: 1(fraud) 2      0.5: 3      7: label of 1, then 4 sees 1 and 2, one of them fraud
    """
    assert main(arguments(folder)) == 0
    assert columns(folder) == {
        "transaction_id": ["1", "2", "3", "4", "5"],
        "BOOK_COUNT": [1, 1, 2, 1, 2],
        "BOOK_MEAN": [1.1, 2.0, 1.6, 2.0, 3.0],
        "BOOK_RISK": [0.0, 0.0, 0.0, 0.5, None],
    }


def test_a_lot_is_told_as_its_events_one_by_one() -> None:
    """Of several keys with a fraud reported between, each event sees what came before it."""
    entity = Entity("merchant", CATALOGUE)
    told = [(("m", "n", None)[place % 3], *event_at(place * 5 * HOUR_MS)) for place in range(120)]
    lot = [*told[:60], ("m", told[3][5]), ("nobody", told[4][5]), None, *told[60:]]
    whole, alone = Logs(entity), Logs(entity)
    rows = [list(map(itemgetter(0), columns)) for one in lot if (columns := alone.take([one]))]
    assert list(map(list, zip(*whole.take(lot), strict=True))) == rows
    assert max(row[entity.names.index("merchant_risk_7d")] or 0 for row in rows) > 0


def test_all_features_come_from_the_whole_engine(folder: Path) -> None:
    """One feature of the engine's own makes it compute all, and the same ones come out."""
    assert main(arguments(folder, "--only", "count_24h,merchant_risk_1d,new_merchant")) == 0
    found = columns(folder)
    assert (found["count_24h"], found["merchant_risk_1d"]) == ([1, 1, 2, 1, 2], [0.0, 0.0, 0.0, 0.5, None])
    assert found["new_merchant"] == [False, False, False, False, None]


def test_every_feature_has_a_column(folder: Path) -> None:
    """Without a mapping's names each feature of the catalogue is there."""
    source = open_source(folder / "data.csv", str(folder / "mine.yaml"))
    write_features(source, {name: Renamed(name) for name in BY_NAME}, folder / "out")
    assert columns(folder).keys() == {"transaction_id", *BY_NAME}
    assert columns(folder)["behaviour"] == ["new"] * 5


def test_an_unknown_feature_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is no feature ends the command with a line that says it."""
    assert main(arguments(folder, "--only", "count_24h,nonsense")) == 1
    assert "nonsense" in capsys.readouterr().err
    (folder / "mine.yaml").write_text(MAPPING.replace("count_24h", "count_of_sheep"))
    with pytest.raises(MappingError, match="count_of_sheep"):
        open_source(folder / "data.csv", str(folder / "mine.yaml"))


def test_a_replays_features_get_the_mappings_names(folder: Path) -> None:
    """What a replay exported has the named columns beside its own."""
    assert main(arguments(folder, "--only", "count_24h,mean_24h")) == 0
    add_named(folder / "out/features", {"BOOK_MEAN": Renamed("mean_24h", 100.0)})
    found = columns(folder)
    assert found["BOOK_MEAN"] == [1.1, 2.0, 1.6, 2.0, 3.0]
    assert found["count_24h"] == [1, 1, 2, 1, 2]


def test_profiles_are_as_of_event_time(tmp_path: Path) -> None:
    """
    A row sees the version of its customer's profile that was in force, as the stream does.

    day   1: 1      2: at home in DE      3: 2      4: at home in FR      5: 3
    """
    (tmp_path / "mine.yaml").write_text("""
transactions: {transaction_id: id, account_id: account, event_time: at, amount: amount, country: country,
               currency: {constant: EUR}}
customers: {file: customers.csv, customer_id: customer, account_ids: account, updated: at, home_country: home}
""")
    days = ((1, 1), (2, 3), (3, 5))
    rows = [f"{number},a,2024-01-0{day}T00:00:00Z,1,DE" for number, day in days]
    (tmp_path / "data.csv").write_text("\n".join(["id,account,at,amount,country", *rows]))
    (tmp_path / "customers.csv").write_text(
        "customer,account,at,home\nc,a,2024-01-04T00:00:00Z,FR\nc,a,2024-01-02T00:00:00Z,DE\n"
    )
    assert main(arguments(tmp_path)) == 0
    found = columns(tmp_path)
    assert found["country_is_home"] == [None, True, False]
    assert found["profile_known"] == [False, True, True]


def test_articles_are_as_of_event_time(tmp_path: Path) -> None:
    """
    A row sees the article that it names as it was at its time, as the stream does.

    day   1: 1      2: costs 4.00      3: 2      4: removed      5: 3 names it too, 4 names none
    """
    (tmp_path / "mine.yaml").write_text("""
transactions: {transaction_id: id, account_id: account, event_time: at, amount: amount, merchant_id: shop,
               article_id: sku, currency: {constant: EUR}}
inventory: {file: stock.csv, article_id: sku, merchant_id: shop, updated: at, list_price: price,
            category: kind, currency: {constant: EUR}, stock: left, removed: gone}
""")
    rows = [f"{number},a,2024-01-0{day}T00:00:00Z,1,m,r" for number, day in ((1, 1), (2, 3), (3, 5))]
    (tmp_path / "data.csv").write_text(
        "\n".join(["id,account,at,amount,shop,sku", *rows, "4,a,2024-01-06T00:00:00Z,1,m,"])
    )
    (tmp_path / "stock.csv").write_text(
        "sku,shop,at,price,kind,left,gone\nr,m,2024-01-04T00:00:00Z,,,,1\nr,m,2024-01-02T00:00:00Z,4,phones,0,0\n"
    )
    assert main(arguments(tmp_path)) == 0
    found = columns(tmp_path)
    assert found["amount_to_list_price"] == [None, 0.25, None, None]
    assert found["high_resale"] == [None, True, None, None]
    assert found["article_in_stock"] == [None, False, None, None]


@pytest.fixture
def exchange(tmp_path: Path) -> Path:
    """
    Payments of an account in two currencies, and what the dollar was worth in euro.

    day    1: 1.00 USD      2: a dollar is 0.90      3: 1.00 USD, 1.00 EUR      4: 0.80      4: 1.01 USD
    """
    (tmp_path / "mine.yaml").write_text("""
transactions: {transaction_id: id, account_id: account, event_time: at, amount: amount, currency: currency}
rates: {file: rates.csv, currency: of, rate: worth, effective: at}
""")
    paid = (("1", "1", "USD"), ("3", "1", "USD"), ("3", "1", "EUR"), ("4", "1.01", "USD"))
    rows = [f"{n},a,2024-01-0{day}T0{n}:00:00Z,{amount},{of}" for n, (day, amount, of) in enumerate(paid)]
    (tmp_path / "data.csv").write_text("\n".join(["id,account,at,amount,currency", *rows]))
    (tmp_path / "rates.csv").write_text("of,worth,at\nUSD,0.80,2024-01-04\nUSD,0.90,2024-01-02\n")
    return tmp_path


@pytest.mark.parametrize("engine", ["", ",new_merchant"])
def test_each_payment_is_converted_once_at_its_own_rate(exchange: Path, engine: str) -> None:
    """Base sums add up what each was worth when it was paid; one without a rate is left out."""
    assert main(arguments(exchange, "--only", "sum_24h_base,sum_30d_base" + engine)) == 0
    found = columns(exchange)
    assert found["sum_30d_base"] == [None, 90, 190, 190 + 81]
    assert found["sum_24h_base"] == [None, 90, 190, 81]


def test_without_rates_nothing_is_in_base(exchange: Path) -> None:
    """Where the file of rates is absent nothing has a base amount, as in a job without rates."""
    (exchange / "rates.csv").unlink()
    assert main(arguments(exchange, "--only", "sum_30d_base")) == 0
    assert columns(exchange)["sum_30d_base"] == [None] * 4


def test_a_rate_that_intake_refuses_is_told(exchange: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A rate that can't be one ends the command with a line that says what was found."""
    (exchange / "rates.csv").write_text("of,worth,at\nEUR,1.5,2024-01-04\n")
    assert main(arguments(exchange, "--only", "sum_30d_base")) == 1
    assert "rates, currency: found the base currency" in capsys.readouterr().err
