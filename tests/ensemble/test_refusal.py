"""What the kaggle program was seen to print (2.2.4 unless said), and what it must come to."""

import pytest

from ensemble.refusal import explain_refusal, known_refusal

URL = "https://api.kaggle.com/v1/competitions.CompetitionApiService/StartSubmissionUpload"
DOWN = (
    "HTTPSConnectionPool(host='api.kaggle.com', port=443): Max retries exceeded with url: /v1/x (Caused by "
    "NameResolutionError(\"Failed to resolve 'api.kaggle.com' ([Errno -2] Name or service not known)\"))"
)


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        (f"403 Client Error: Forbidden for url: {URL}", "you have not joined digit-recognizer and accepted its rules"),
        ("Permission 'competitions.participate' was denied", "accepted its rules"),
        ("403 - You cannot submit until you accept the competition rules", "accepted its rules"),  # 1.5
        ("403 - Forbidden - Permission 'competitions.participate' was denied", "that is not the competition's name"),
        ("Authentication required to call the Kaggle API.\n\nFirst, you will need a Kaggle account.", "(401)"),
        ("401 - Unauthorized", "KAGGLE_API_TOKEN"),  # 1.5
        ("OSError: Could not find kaggle.json. Make sure it's located in /root/.kaggle", "no token"),  # 1.7
        ("Invalid credentials!", "kaggle auth login"),
        (f"404 Client Error: Not Found for url: {URL}", "finds no competition digit-recognizer that takes submissions"),
        ("Not found", "(https://www.kaggle.com/competitions/digit-recognizer)"),
        ("Could not find competition - please verify that you entered the correct competition ID", "(404)"),
        ("Your team has used its submission limit for today", "after midnight UTC"),
        ("You have reached the maximum number of submissions", "after midnight UTC"),
        ("Submissions exceeded: 5 per day", "after midnight UTC"),
        (f"400 Client Error: Bad Request for url: {URL}", "the day's submissions are used up, you have not joined"),
        ("400 - Bad Request", "not of the form"),  # 1.5
        (f"429 Client Error: Too Many Requests for url: {URL}", "too often (429)"),
        (f"500 Server Error: Internal Server Error for url: {URL}", "Kaggle itself is in trouble"),
        (f"503 Server Error: Service Unavailable for url: {URL}", "Kaggle itself is in trouble"),
        (DOWN, "cannot be reached"),
        (f"requests.exceptions.ConnectionError: {DOWN}", "cannot be reached"),
        ("('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))", "cannot be reached"),
        ("HTTPSConnectionPool(host='api.kaggle.com', port=443): Read timed out.", "cannot be reached"),
        ("Could not submit to competition", "digit-recognizer/submit"),
        ("Upload of submission.csv expired. Please try again.\nCould not submit to competition", "upload failed"),
        ("ModuleNotFoundError: No module named 'six'", "uv sync --extra kaggle"),
        ("something new", "upload the file by hand at https://www.kaggle.com/competitions/digit-recognizer/submit"),
    ],
)
def test_explain_refusal_says_what_to_do(printed: str, words: str) -> None:
    said = explain_refusal(printed, "digit-recognizer")
    assert words in said
    assert not {"{", "}", "\n"} & set(said)


def test_explain_refusal_prefers_the_day_limit_to_the_number_beside_it() -> None:
    assert "midnight" in explain_refusal("400 - Bad Request - submission limit reached", "x")


@pytest.mark.parametrize("printed", ["", "something new", "403", "sent 404 of 500 bytes"])
def test_known_refusal_does_not_guess(printed: str) -> None:
    assert known_refusal(printed) is None
