import pytest
from markupsafe import Markup


@pytest.fixture(autouse=True)
def without_plotly(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave plotly's own 4.8 MB out of pages that no browser opens."""
    if request.node.get_closest_marker("browser") is None:
        monkeypatch.setattr("core.html.page._plotly", lambda: Markup(""))
