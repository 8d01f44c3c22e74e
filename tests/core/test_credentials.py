import re
from urllib.parse import quote, quote_plus

import pytest

from core.credentials import address_without_credentials, without_credentials

CANARIES = ("c4nary", "c4/nary", "c4@nary", "c4:n@a/ry", "4321/c4nary", "c4?n#ary", "c4nary@", "/c4nary", "c4%2Fnary")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://me:secret@host:5000/a", "http://***@host:5000/a"),
        ("failed: https://me:p@ss@host/a and postgresql://u:p@db/x", "failed: https://***@host/a and postgresql://***@db/x"),
        ("'http://host:80', by 'me@x'", "'http://host:80', by 'me@x'"),
        ("--mlflow=http://token@host", "--mlflow=http://***@host"),
        ("postgresql://me:pa/ss@host/db", "postgresql://***@host/db"),
        ("redis://:secret@host", "redis://***@host"),
        ("postgresql://me@corp:secret@host/db", "postgresql://***@host/db"),
        ("simplecache::ftp://me:secret@host/a", "simplecache::ftp://***@host/a"),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("mssql://host/x?user=a&password=b&c=d", "mssql://host/x?user=a&password=***&c=d"),
        ("https://host/x?X-Amz-Signature=b&sig=c&n=1", "https://host/x?X-Amz-Signature=***&sig=***&n=1"),
        ("Server=h;UID=me;PWD={a;}}b};Encrypt=yes", "Server=h;UID=me;PWD=***;Encrypt=yes"),
        ("UID=me; Password=b and more", "UID=me; Password=*** and more"),
        ("abfs://container@account.dfs.core.windows.net/a", "abfs://container@account.dfs.core.windows.net/a"),
        ("gs://me@bucket/a", "gs://me@bucket/a"),
        ("postgresql://me@host/db", "postgresql://me@host/db"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("s3://bucket/a:b@c", "s3://bucket/a:b@c"),
        ("http://[::1]:5000/a@b", "http://[::1]:5000/a@b"),
        ("https://host/a@b?n=c@d", "https://host/a@b?n=c@d"),
        ("me@host", "me@host"),
        ("package.module:function", "package.module:function"),
        ("unexpected key=3, pass=2", "unexpected key=3, pass=2"),
        ("loss=0.1; key figures; token count 5", "loss=0.1; key figures; token count 5"),
    ],
)  # fmt: skip
def test_without_credentials_leaves_out_passwords_and_nothing_else(text, shown):
    assert without_credentials(text) == shown
    assert without_credentials(shown) == shown
    assert address_without_credentials(text) == shown or " " in text


@pytest.mark.parametrize(
    "address",
    [
        "http://me:{}@host:5000/a",
        "postgresql+psycopg2://me:{}@host/db?sslmode=require",
        "s3://KEY:{}@bucket/a",
        "abfs://container:{}@account.dfs.core.windows.net/a",
        "mssql+pyodbc://host/db?driver=x&password={}",
        "mssql+pyodbc:///?odbc_connect=DRIVER={{ODBC Driver 18}};SERVER=tcp:host,1433;UID=me@corp;PWD={}",
        "mssql+pyodbc:///?odbc_connect=PWD={};UID=me",
    ],
)
@pytest.mark.parametrize("canary", CANARIES)
def test_no_form_of_a_password_is_shown(address, canary):
    in_query = "?" in address and "@" not in address.partition("?")[0]
    for password in {canary, quote(canary, safe=""), quote_plus(canary)} - ({canary} if in_query else set()):
        for text in (address.format(password), f"--mlflow={address.format(password)}: no answer"):
            assert not re.search("c4|nary", without_credentials(text))
    for word in (address.format(canary), f"--mlflow={address.format(canary)}"):
        assert canary not in address_without_credentials(word)


def test_percent_encoded_connection_is_not_shown():
    connection = quote_plus("DRIVER={ODBC Driver 18};SERVER=host;UID=me;PWD={c4n;ary};Encrypt=yes")
    url = f"mssql+pyodbc:///?odbc_connect={connection}&n=1"
    assert without_credentials(url) == "mssql+pyodbc:///?odbc_connect=***&n=1"
    assert "c4n" not in without_credentials(f"no driver for {connection}")


@pytest.mark.parametrize("password", ["c4 nary", "c4'nary", 'c4"na ry', "c4\nnary"])
def test_one_address_may_have_blanks_and_quotes_in_its_password(password):
    for address in (f"postgresql://me:{password}@host/db", f"me:{password}@host"):
        for word in (address, f"--mlflow={address}"):
            shown = address_without_credentials(word)
            assert shown.endswith("***@host/db" if "//" in word else "***@host")
            assert not re.search("c4|nary", shown)
