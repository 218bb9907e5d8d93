"""Anyone's file as traffic: exact values, and errors that say row, column, found and expected."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.generator import Generator
from local.generator.order import Order, cut
from local.mapping import MappingError, open_source
from local.mappings import values
from schemas.currency import EXPONENTS

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "data"
PLAIN = """
transactions:
  transaction_id: id
  account_id: account
  event_time: at
  amount: amount
  currency: {constant: EUR}
"""
ROWS = "id,account,at,amount\n1,a,2024-01-01T00:00:00Z,1.10\n2,b,2024-01-01 00:00:01+00:00,2\n"


def source(tmp_path: Path, rows: str = ROWS, mapping: str = PLAIN, name: str = "data.csv"):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """A file of those rows, read through that mapping."""
    (tmp_path / name).write_text(rows)
    (tmp_path / "mine.yaml").write_text(mapping)
    return open_source(tmp_path / name, str(tmp_path / "mine.yaml"))


def only(tmp_path: Path, **columns: str) -> dict[str, object]:
    """The one transaction of a file with those fields, each in a column of its own name."""
    given = {"id": "1", "account": "a", "at": "2024-01-01T00:00:00Z", "amount": "1"} | columns
    extra = "".join(
        f"  {name}: {name}\n" for name in columns if name not in ("id", "account", "at", "amount")
    )
    rows = ",".join(given) + "\n" + ",".join(given.values()) + "\n"
    (sample,) = source(tmp_path, rows, PLAIN + extra).samples()
    return dict(sample.transaction)


def refusal(tmp_path: Path, **columns: str) -> str:
    """What is said of a file with those fields."""
    with pytest.raises(MappingError) as caught:
        only(tmp_path, **columns)
    return str(caught.value)


def test_plain_file(tmp_path: Path) -> None:
    """Five lines of mapping make transactions of a CSV file; they have no labels, and rows count from 1."""
    first, second = source(tmp_path).samples()
    assert first.transaction == {
        "transaction_id": "1",
        "account_id": "a",
        "event_time": 1_704_067_200_000,
        "amount_minor": 110,
        "currency": "EUR",
    }
    assert (second.transaction["event_time"], second.transaction["amount_minor"]) == (1_704_067_201_000, 200)
    assert (first.label, second.row) == (None, 2)


def test_everything_of_a_cell(tmp_path: Path) -> None:
    """A cell can be stripped, looked up, given a default and a prefix; a text not in a table is absent."""
    mapping = PLAIN + (
        "  merchant_id: {column: shop, strip: fraud_, prefix: m-}\n"
        "  mcc: {column: kind, table: {food: 5411}}\n"
        "  channel: {column: kind, table: {net: ecommerce}, otherwise: pos}\n"
    )
    rows = "id,account,at,amount,shop,kind\n1,a,2024-01-01T00:00:00Z,1,fraud_x,food\n"
    rows += "2,a,2024-01-01T00:00:00Z,1,y,net\n"
    first, second = (sample.transaction for sample in source(tmp_path, rows, mapping).samples())
    assert (first["merchant_id"], first["mcc"], first["channel"]) == ("m-x", "5411", "pos")
    assert (second["merchant_id"], second.get("mcc"), second["channel"]) == ("m-y", None, "ecommerce")


def test_empty_cells(tmp_path: Path) -> None:
    """An empty cell of an optional field is absent, of a mandatory one an error."""
    assert "country" not in only(tmp_path, country="")
    assert refusal(tmp_path, account="") == (
        "data.csv row 1, column account: found nothing, expected a value for account_id"
    )


def test_labels_and_delay(tmp_path: Path) -> None:
    """A label is reported delay_days after its event, says what it is about, and may be absent."""
    mapping = PLAIN + "label: {is_fraud: bad, kind: how, delay_days: 2}\n"
    rows = (
        "id,account,at,amount,bad,how\n1,a,2024-01-01T00:00:00Z,1,yes,theft\n2,a,2024-01-01T00:00:00Z,1,,\n"
    )
    first, second = source(tmp_path, rows, mapping).samples()
    assert first.label == {
        "transaction_id": "1",
        "account_id": "a",
        "is_fraud": True,
        "kind": "theft",
        "reported": 1_704_067_200_000 + 2 * 86_400_000,
    }
    assert second.label is None


def test_files_beside(tmp_path: Path) -> None:
    """Customers and merchants' positions are read from beside the data, and may be absent."""
    mapping = PLAIN + (
        "  merchant_id: shop\n"
        "customers: {file: people.csv, customer_id: who, account_ids: has, home_country: {constant: FR}}\n"
        "merchants: {file: shops.csv, merchant_id: shop, latitude: lat, longitude: lon}\n"
    )
    rows = "id,account,at,amount,shop\n1,a,2024-01-01T00:00:00Z,1,s1\n"
    alone = source(tmp_path, rows, mapping)
    assert list(alone.customers()) == []
    assert "latitude" not in next(alone.samples()).transaction
    assert len(alone.notes) == 2
    (tmp_path / "people.csv").write_text("who,has\nc1,a b\n")
    (tmp_path / "shops.csv").write_text("shop,lat,lon\ns1,1.5,-2.5\n")
    both = source(tmp_path, rows, mapping)
    assert list(both.customers()) == [{"customer_id": "c1", "account_ids": ["a", "b"], "home_country": "FR"}]
    transaction = next(both.samples()).transaction
    assert (transaction["latitude"], transaction["longitude"]) == (1.5, -2.5)


INVENTORY = PLAIN + (
    "inventory: {file: stock.csv, article_id: sku, merchant_id: shop, updated: at, category: kind,\n"
    "            list_price: price, currency: money, stock: left, removed: gone}\n"
)


def articles(tmp_path: Path, *rows: str) -> list[dict[str, object]]:
    """What is told of those rows of an inventory beside a file."""
    (tmp_path / "stock.csv").write_text("\n".join(("sku,shop,at,kind,price,money,left,gone", *rows)))
    return [dict(message) for message in source(tmp_path, ROWS, INVENTORY).articles()]


def test_inventory(tmp_path: Path) -> None:
    """Versions of articles are read from beside the data, prices exact; of one removed no more than that."""
    names = {"article_id": "r", "merchant_id": "m"}
    assert articles(
        tmp_path, "r,m,,,,,,", "r,m,1970-01-01T00:00:01Z,toys,2.675,EUR,3,no", "r,m,1970-01-02,x,1,EUR,1,1"
    ) == [
        names,
        {
            **names,
            "updated": 1_000,
            "category": "toys",
            "stock": 3,
            "currency": "EUR",
            "list_price_minor": 268,
        },
        {**names, "updated": 86_400_000, "removed": True},
    ]
    assert list(source(tmp_path).articles()) == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("r,m,,,1,,,", r"stock.csv row 2, column currency: found None, expected an ISO 4217"),
        (",m,,,,,,", r"stock.csv row 2, column sku: found nothing"),
        ("r,m,,,,,1.5,", r"stock.csv row 2, column left: found '1.5', expected a whole number of pieces"),
        ("r,m,,,,,-1,", r"stock.csv row 2, column left"),
        ("r,m,,,,,,1", r"stock.csv row 2, updated: found nothing, expected when the article was removed"),
    ],
)
def test_bad_articles(tmp_path: Path, row: str, told: str) -> None:
    """An article that can't be used is named by row and column."""
    with pytest.raises(MappingError, match=told):
        articles(tmp_path, "r,m,,,,,,", row)


def test_what_an_inventory_needs(tmp_path: Path) -> None:
    """A price needs a currency beside it, a removal its time, and an article its merchant."""
    mapping = PLAIN + "inventory: {file: stock.csv, article_id: sku, list_price: price, removed: gone}\n"
    with pytest.raises(MappingError) as caught:
        source(tmp_path, ROWS, mapping)
    for name in ("merchant_id", "currency", "updated"):
        assert f"inventory.{name}: missing, it is mandatory" in str(caught.value)


def test_rates_beside(tmp_path: Path) -> None:
    """Exchange rates are read from beside the data, by time, as exact decimals in one base."""
    mapping = PLAIN + "rates: {file: rates.csv, base: GBP, currency: of, rate: worth, effective: day}\n"
    alone = source(tmp_path, ROWS, mapping)
    assert (alone.base, list(alone.rates())) == (None, [])
    (tmp_path / "rates.csv").write_text("of,worth,day\nUSD,0.80,2024-01-02\nJPY,1E-2,2024-01-01\n")
    read = source(tmp_path, ROWS, mapping)
    assert read.base == "GBP"
    assert [(rate["currency"], rate["base"], rate["rate"]) for rate in read.rates()] == [
        ("JPY", "GBP", "0.01"),
        ("USD", "GBP", "0.8"),
    ]
    (tmp_path / "rates.csv").write_text("of,worth,day\nUSD,0,2024-01-02\n")
    with pytest.raises(MappingError, match=r"row 1, column worth: found '0', expected a rate above 0"):
        list(source(tmp_path, ROWS, mapping).rates())


def test_parquet_like_csv(tmp_path: Path) -> None:
    """A Parquet file with real types gives the transactions that its CSV gives."""
    table = pa.table(
        {
            "id": [1, 2],
            "account": ["a", "b"],
            "at": [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 0, 0, 1, tzinfo=UTC)],
            "amount": [1.10, 2.0],
        }
    )
    pq.write_table(table, tmp_path / "data.parquet")
    from_csv = [sample.transaction for sample in source(tmp_path).samples()]
    parquet = open_source(tmp_path / "data.parquet", str(tmp_path / "mine.yaml"))
    assert [sample.transaction for sample in parquet.samples()] == from_csv
    assert parquet.total == 2


@pytest.mark.parametrize(
    ("cell", "form", "zone", "expected_ms"),
    [
        ("2024-01-01T01:00:00+01:00", "", "UTC", 1_704_067_200_000),
        ("2024-01-01 01:00:00", "", "Europe/Paris", 1_704_067_200_000),
        ("01/01/2024 00:00", "%d/%m/%Y %H:%M", "UTC", 1_704_067_200_000),
        ("1704067200.5", "epoch_s", "UTC", 1_704_067_200_500),
        ("1704067200000", "epoch_ms", "UTC", 1_704_067_200_000),
    ],
)
def test_times(tmp_path: Path, cell: str, form: str, zone: str, expected_ms: int) -> None:
    """Times are ISO 8601, of a given form, or epochs; the mapping's zone holds where none is stated."""
    spec = f"{{column: at, zone: {zone}, format: '{form}'}}" if form else f"{{column: at, zone: {zone}}}"
    mapping = PLAIN.replace("event_time: at", f"event_time: {spec}")
    (sample,) = source(tmp_path, f"id,account,at,amount\n1,a,{cell},1\n", mapping).samples()
    assert sample.transaction["event_time"] == expected_ms


@given(
    st.decimals(0, 10**9, places=6).filter(lambda amount: amount.is_finite()),
    st.sampled_from(sorted(EXPONENTS)),
)
def test_amounts_are_exact(amount: Decimal, currency: str) -> None:
    """An amount becomes the nearest minor units, the even ones at a tie, whatever the currency's exponent."""
    unit = Decimal(1).scaleb(-EXPONENTS[currency])
    nearest = amount.quantize(unit, rounding=ROUND_HALF_EVEN) / unit
    assert values.minor(values.decimal(str(amount)), currency) == nearest


@given(st.integers(0, 10**11))
def test_floats_are_exact(amount_minor: int) -> None:
    """A float that shows cents becomes those cents, not a neighbour."""
    assert values.minor(values.decimal(amount_minor / 100), "EUR") == amount_minor


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"amount": "abc"}, "column amount: found 'abc', expected an amount such as 12.34"),
        ({"amount": "-1"}, "column amount: found '-1', expected an amount of 0 or more"),
        ({"at": "yesterday"}, "column at: found 'yesterday', expected a time such as 2024-01-31"),
        ({"latitude": "north", "longitude": "1"}, "column latitude: found 'north', expected a number"),
        (
            {"card_number": "4111"},
            "column card_number: found 4 characters, expected a card number of 12 to 19",
        ),
    ],
)
def test_bad_values(tmp_path: Path, columns: dict[str, str], told: str) -> None:
    """A bad value is told with its file, row and column, what was found and what was expected."""
    assert refusal(tmp_path, **columns).startswith(f"data.csv row 1, {told}")


def test_no_card_number_in_errors(tmp_path: Path) -> None:
    """An error does not repeat what could be a card number, in whatever column it stands."""
    assert "4111111111111111" not in refusal(tmp_path, amount="4111-1111 11111111x")
    assert "4111111111111111" not in refusal(tmp_path, card_number="4111111111111111x")


def test_card_like_account(tmp_path: Path) -> None:
    """An account id that looks like a card number is taken as it is."""
    assert only(tmp_path, account="4111111111111111")["account_id"] == "4111111111111111"


def test_missing_things(tmp_path: Path) -> None:
    """A missing file, mapping or column is told with what there is instead."""
    with pytest.raises(MappingError, match="no such file, expected a CSV or Parquet file"):
        open_source(tmp_path / "none.csv", "handbook")
    with pytest.raises(
        MappingError, match=r"no such mapping, expected generated, handbook, sparkov, or the path"
    ):
        open_source(tmp_path / "none.csv", "handbok")
    with pytest.raises(MappingError, match="found no column amount, expected one of id, account, at, sum"):
        source(tmp_path, "id,account,at,sum\n")
    with pytest.raises(MappingError, match="an empty file"):
        source(tmp_path, "")


def test_short_row(tmp_path: Path) -> None:
    """A row with another number of cells than the header is told by its number."""
    with pytest.raises(MappingError, match=r"data.csv row 3: found 2 cells, expected 4"):
        list(source(tmp_path, ROWS + "3,c\n").samples())


def test_all_faults_of_a_mapping(tmp_path: Path) -> None:
    """All faults of a mapping are told together, before any row is read."""
    mapping = (
        "transactions: {transaction_id: id, account_id: {}, amount: {column: x, colour: y}, event_time: "
        "{column: at, zone: Mars}, colour: c}\nlabel: {delay_days: -1}\nextra: 1\n"
        "features: {HALF: {feature: behaviour, divide_by: 2}}\n"
    )
    with pytest.raises(MappingError) as caught:
        source(tmp_path, mapping=mapping)
    told = str(caught.value)
    for fault in (
        "transactions.currency: missing", "transactions.account_id: expected a column's name",
        "transactions.amount.colour: unknown", "transactions.event_time.zone: found 'Mars'",
        "transactions.colour: unknown", "label.delay_days: found -1", "label.is_fraud: missing",
        "extra: unknown", "features.HALF.divide_by: found behaviour",
    ):  # fmt: skip
        assert fault in told


def test_rows_out_of_order(tmp_path: Path) -> None:
    """Rows that go back in time are refused, or sorted where the mapping says so."""
    rows = "id,account,at,amount\n1,a,2024-01-02T00:00:00Z,1\n2,a,2024-01-01T00:00:00Z,1\n"
    with pytest.raises(
        MappingError, match=r"row 2, event_time: found a time 86400 s before an earlier row's"
    ):
        list(source(tmp_path, rows).samples())
    ids = [s.transaction["transaction_id"] for s in source(tmp_path, rows, PLAIN + "sort: true\n").samples()]
    assert ids == ["2", "1"]


def test_fixture_comes_back() -> None:
    """The generated file, read back through its mapping, is the traffic that was generated."""
    made = Generator(seed=1, accounts=120, start_ms=1_704_067_200_000, fraud_ratio=0.004)
    read = open_source(ROOT / "tests/fixtures/small/transactions.csv", "generated")
    expected = list(cut(made.samples(), Order(limit=2000)))
    samples = list(read.samples())
    assert [sample.transaction for sample in samples] == [sample.transaction for sample in expected]
    assert [sample.label for sample in samples] == [sample.label for sample in expected]
    assert list(read.customers()) == list(made.customers())
    assert list(read.articles()) == list(made.articles())


@pytest.mark.parametrize(
    ("file", "mapping", "rows", "frauds"),
    [
        ("handbook/sample_2days.csv", "handbook", 19_071, 16),
        ("sparkov/dev_2024-01-01_2024-04-30.parquet", "sparkov", 20_000, 612),
    ],
)
def test_public_data(file: str, mapping: str, rows: int, frauds: int) -> None:
    """The public data sets are read, with customers; skipped where they are not beside the checkout."""
    if not (SHARED / file).is_file():
        pytest.skip(f"../shared/data/{file} is absent")
    read = open_source(SHARED / file, mapping)
    labels = [sample.label for sample in islice(read.samples(), 20_000)]
    assert len(labels) == rows
    assert sum(label is not None and label["is_fraud"] for label in labels) == frauds
    assert next(read.customers())["account_ids"]


def test_a_narrowed_source_reads_no_other_column(tmp_path: Path) -> None:
    """What is not asked for is neither told nor refused; the label is told all the same."""
    rows = "id,account,at,amount,fraud,where\n1,a,2024-01-01T00:00:00Z,1,1,nowhere\n"
    mapping = PLAIN + "  latitude: where\nlabel:\n  is_fraud: fraud\n"
    read = source(tmp_path, rows, mapping)
    with pytest.raises(MappingError, match="nowhere"):
        list(read.samples())
    (sample,) = read.narrowed(("transaction_id", "account_id", "event_time", "amount", "currency")).samples()
    assert set(sample.transaction) == {
        "transaction_id", "account_id", "event_time", "amount_minor", "currency",
    }  # fmt: skip
    assert sample.label is not None
    assert sample.label["is_fraud"] is True
