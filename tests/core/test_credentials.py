import pytest

from core.credentials import without_credentials


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://me:secret@host:5000/a", "http://***@host:5000/a"),
        ("failed: https://me:p@ss@host/a and postgresql://u:p@db/x", "failed: https://***@host/a and postgresql://***@db/x"),
        ("--mlflow=http://token@host", "--mlflow=http://***@host"),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("mssql://host/x?user=a&password=b&c=d", "mssql://host/x?user=a&password=***&c=d"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("me@host", "me@host"),
    ],
)  # fmt: skip
def test_without_credentials_leaves_out_user_and_password(text, shown):
    assert without_credentials(text) == shown
