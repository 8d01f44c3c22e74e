"""Who voted last in a study, and which of their models are there: ensemble.json, read and looked after."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import StoredFileError, StudyError
from core.store import files
from ensemble.describe import config_in_short
from ensemble.outputs import FORMAT
from ensemble.settings import EnsembleSettings
from ensemble.studies import OpenStudy, open_studies

BELOW_STUDY = re.compile(r"(?:trials/t\d+|committee/t\d+/(?:fold\d+|all)-seed\d+)/model\.keras")
"""Where a model lies in its study, at the end of its URL: a vote's file names no other place that would be read."""
VIEWS = (1, 5, 9)


@dataclass(frozen=True, kw_only=True)
class Voter:
    """One who voted and has a model."""

    name: str
    model_urls: tuple[str, ...]
    """Those that are there; one or more."""
    weight: float
    """Above 0; all voters' sum to 1."""
    views: int
    about: str
    """Its configuration in few words."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LastVote:
    """The vote that the page shows."""

    study: OpenStudy
    """Whose images and classes it is about."""
    voters: tuple[Voter, ...]
    of_logits: bool
    temperature: float | None
    """None where none was fitted."""
    missing: tuple[str, ...]
    """A sentence for each voter whose model was not kept, in part or whole."""

    @property
    def num_models(self) -> int:
        """How many files are read."""
        return len({url for voter in self.voters for url in voter.model_urls})


def read_last_vote(settings: EnsembleSettings) -> LastVote:
    """Read the last vote of a study, or of several together.

    Raises:
        StudyError: there is no vote yet, or none of its models was kept.
        StoredFileError: ensemble.json is torn, or of other data.
    """
    studies = open_studies(settings.studies)
    url = files.join(settings.out_url, "ensemble.json")
    try:
        raw = files.read_json_of_format(url, FORMAT, "a vote's description")
    except FileNotFoundError as error:
        raise StudyError(
            f"--serve needs a vote, and there is no {url}. Let its trials vote first: the same command without --serve"
        ) from error
    try:
        members = [member for member in raw["members"] if float(member["weight"]) > 0]
        voters, missing = _voters(members, studies)
        vote = LastVote(
            study=studies[0],
            voters=voters,
            of_logits=raw.get("averages", raw["method"]) == "logits",
            temperature=_temperature(raw),
            missing=missing,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoredFileError(f"{url} does not describe a vote: {error!r}. Vote again to rewrite it") from error
    if raw.get("data") != studies[0].data.fingerprint:
        raise StoredFileError(f"{url} is of other data than the study. Vote again to rewrite it")
    if not vote.voters:
        raise StudyError(
            f"--serve needs a model of one member or more, and none of the {len(members)} of {url} was kept. Search "
            "with a larger --keep-models, or vote with fewer members (--top-k)"
        )
    return vote


def _voters(members: list[dict[str, Any]], studies: tuple[OpenStudy, ...]) -> tuple[tuple[Voter, ...], tuple[str, ...]]:
    """Return those who have a model, their weights as shares of what is there; and what is missing."""
    found: list[tuple[dict[str, Any], tuple[str, ...]]] = []
    missing = []
    for member in members:
        wanted = _model_urls(member, studies)
        there = tuple(url for url in wanted if files.exists(url))
        if there:
            found.append((member, there))
        if not there:
            missing.append(f"{member['member_id']} voted, and its model was not kept: it is left out here")
        elif len(there) < len(wanted):
            missing.append(f"{member['member_id']} answers with {len(there)} of its {len(wanted)} models")
    total = sum(float(member["weight"]) for member, _ in found)
    voters = [
        Voter(
            name=str(member["member_id"]),
            model_urls=urls,
            weight=float(member["weight"]) / total,
            views=_views(member),
            about=config_in_short(member.get("config") or {}),
        )
        for member, urls in found
    ]
    return tuple(voters), tuple(missing)


def _model_urls(member: Mapping[str, Any], studies: tuple[OpenStudy, ...]) -> list[str]:
    """Return where a member's models lie now: below its study, wherever that was when they voted."""
    of_name = [one for one in studies if str(member["member_id"]).startswith(one.name_of(""))]
    study = max(of_name, key=lambda one: len(one.name), default=None)
    if study is None:
        return []
    trial = str(member.get("trial_id") or member["member_id"]).removeprefix(study.name_of("")).partition(" ")[0]
    recorded = member.get("model_urls") or (study.folder.trial(trial).model,)  # which older votes did not name
    places = [BELOW_STUDY.search(str(url)) for url in recorded]
    return [files.join(study.folder.url, place[0]) for place in places if place is not None]


def _views(member: Mapping[str, Any]) -> int:
    """Return over how many views of an image a member's softmax is averaged."""
    views = int(member.get("views") or (member.get("config") or {}).get("views", 1))
    if views not in VIEWS:
        raise ValueError(f"views must be 1, 5 or 9, got {views}")
    return views


def _temperature(raw: Mapping[str, Any]) -> float | None:
    """Return the temperature that was fitted on the vote's rows."""
    if not raw.get("honest"):
        return None
    temperature = float(raw["honest"]["calibration"]["temperature"])
    if not 0 < temperature < float("inf"):
        raise ValueError(f"a temperature must be above 0, got {temperature}")
    return temperature
