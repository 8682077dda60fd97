"""No secret is in a text that was cleaned, however it got into it."""

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from freehold.db.urls import secrets_in_url
from freehold.logs.secrets import Secrets
from tests.logs.records import raised, record, written

URL = "postgresql+psycopg://me:s3cr%40t%2Fword@db.example/freehold?sslpassword=k3yw0rd&sslmode=on"


@settings(max_examples=50)
@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x17F), min_size=8, max_size=30))
def test_a_secret_is_removed_as_it_is_and_as_urls_have_it(secret: str) -> None:
    secrets = Secrets([secret])
    for form in (secret, quote(secret, ""), quote_plus(secret)):
        assert secrets.removed_from(f"before{form}after") in {"before***after"}


def test_a_short_secret_is_no_part_of_words() -> None:
    secrets = Secrets(["port", ""])
    assert secrets.removed_from("the port 'port' of ports:port@") == "the *** '***' of ports:***@"


def test_what_is_secret_in_a_url() -> None:
    assert list(secrets_in_url(URL)) == ["s3cr@t/word", "k3yw0rd"]
    assert list(secrets_in_url("sqlite:////var/lib/f.sqlite")) == []
    assert list(secrets_in_url("what is this")) == ["what is this"]


@pytest.mark.parametrize("use_json", [False, True])
@pytest.mark.parametrize("masks", [False, True])
def test_no_record_has_a_secret_of_the_database(use_json: bool, masks: bool) -> None:
    error = raised(ValueError(f"cannot connect to {URL}"))
    one = record(
        "%s for %r",
        URL,
        make_url(URL).password,
        error=error,
        fields={"url": [URL], "to": {"u": URL}},
    )
    text = written(one, *secrets_in_url(URL), use_json=use_json, log_mask_sensitive=masks)
    for secret in ("s3cr", "k3yw0rd"):
        assert secret not in text


@pytest.mark.parametrize(
    "text",
    [
        "mysql+pymysql://root:hunter2@db/f",
        "https://admin:hunter2@keystone:5000/v3",
        "Authorization: Basic aHVudGVyMjpodW50ZXIy",
        "authorization: bearer hunter2.hunter2-hunter2",
        "X-Auth-Token: gAAAAABlhunter2_-hunter2hunter2hunter2==",
    ],
)
def test_what_has_the_form_of_a_secret_is_removed_though_nobody_knew_it(text: str) -> None:
    cleaned = Secrets().removed_from(text)
    assert "hunter2" not in cleaned
    assert "aHVud" not in cleaned
    assert "***" in cleaned
