"""What the scheduler makes of workers that are gone and of nodes that go, with a made-up cluster."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.schedulers import TrialScheduler

from search.cluster import nodes
from search.scheduler import OUT_OF_MEMORY, WORKER_DIED, SteeringScheduler

from .conftest import EPOCHS, HERE, epoch_report, write_whole_predictions
from .test_steering import next_number
from .test_tune import result_of

NODE, OTHER, ACTOR = "a1" * 28, "b2" * 28, "c3" * 16
NODE_DIED = f"""The actor died unexpectedly before finishing this task.
	actor_id: {ACTOR}
The actor died because its node has died. Node Id: {NODE}
	the actor's node was terminated unexpectedly: health check failed due to missing too many heartbeats"""
PROCESS_DIED = f"""The actor died unexpectedly before finishing this task.
	actor_id: {ACTOR}
The actor is dead because its worker process has died. Worker exit type: SYSTEM_ERROR"""
OUT_OF_REACH = f"The actor {ACTOR} is unavailable: The actor is temporarily unavailable: RpcError: Socket closed."


class MadeUpCluster:
    """Stands where Ray's tables do."""

    def __init__(self) -> None:
        self.alive = {NODE, OTHER}
        self.draining: set[str] = set()
        self.answering = {NODE, OTHER}
        self.death_cause = ""
        self.killed: list[Any] = []
        self.num_lookups = 0

    def nodes(self) -> list[dict[str, Any]]:
        self.num_lookups += 1
        return [
            {"NodeID": node, "Alive": node in self.alive, "NodeManagerHostname": f"host-{node[:2]}", "Resources": {}}
            for node in (NODE, OTHER)
        ]


@pytest.fixture
def cluster(monkeypatch) -> MadeUpCluster:
    made_up = MadeUpCluster()
    monkeypatch.setattr("ray.is_initialized", lambda: True)
    monkeypatch.setattr("ray.get_runtime_context", lambda: SimpleNamespace(get_node_id=lambda: "head"))
    monkeypatch.setattr(nodes, "end_actor", made_up.killed.append)
    all_nodes: nodes._Lookup[list[dict[str, Any]]] = nodes._Lookup(made_up.nodes, [])
    draining: nodes._Lookup[frozenset[str]] = nodes._Lookup(lambda: frozenset(made_up.draining), frozenset())
    monkeypatch.setattr(nodes, "_all_nodes", all_nodes)
    monkeypatch.setattr(nodes, "_draining", draining)
    monkeypatch.setattr(nodes, "_answers", lambda node: node["NodeID"] in made_up.answering)
    monkeypatch.setattr(
        nodes, "_actor", lambda _: {"Address": {"NodeID": NODE}, "DeathCause": made_up.death_cause, "State": "DEAD"}
    )
    monkeypatch.setattr(nodes, "MOST_WAIT_SECONDS", 0.0)
    return made_up


def tune_trial(number: int, folder: Path, error: str = "", actor: Any = None) -> Any:
    (folder / "error.txt").write_text(f"Failure # 1\n{error}\n")
    config = {"trial": {"number": number, "trial_id": f"t{number:06d}"}}
    state = SimpleNamespace(ray_actor=actor)
    return SimpleNamespace(config=config, error_file=str(folder / "error.txt"), temporary_state=state)


def controller_of(*trials: Any) -> Any:
    return SimpleNamespace(get_live_trials=lambda: trials)


def tell(steering, folder: Path, number: int, error: str) -> None:
    scheduler = SteeringScheduler(steering, str(folder))
    scheduler.on_trial_error(controller_of(), tune_trial(number, folder, error))
    assert steering.error is None


def test_trial_whose_node_died_goes_on_and_the_user_is_told(make_steering, cluster, tmp_path):
    steering = make_steering()
    tell(steering, tmp_path, next_number(steering), NODE_DIED)
    assert steering.ledger[0].state == "running"
    assert steering.notices == ["node host-a1 is lost: trials to go on elsewhere: 1"]
    assert next_number(steering) == 0


def test_process_that_died_by_itself_fails_its_trial(make_steering, cluster, tmp_path):
    steering = make_steering()
    tell(steering, tmp_path, next_number(steering), PROCESS_DIED)
    assert steering.ledger[0].error == WORKER_DIED
    assert steering.notices == []


def test_memory_that_ran_out_is_told_in_one_line(make_steering, cluster, tmp_path):
    steering = make_steering()
    trace = "ray.exceptions.OutOfMemoryError: Task was killed due to the node running low on memory.\nRefer to the docs"
    tell(steering, tmp_path, next_number(steering), trace)
    assert steering.ledger[0].error == OUT_OF_MEMORY


def test_worker_whose_own_setup_raised_has_not_died_of_its_node(make_steering, cluster, tmp_path):
    steering = make_steering()
    cluster.alive.clear()
    raised = "The actor died because of an error raised in its creation task, ray::TrialTrainable.__init__()"
    tell(steering, tmp_path, next_number(steering), f"{raised}\nactor_id: {ACTOR}\nValueError: no such array")
    assert steering.ledger[0].error == "the worker could not start the trial: ValueError: no such array"


@pytest.mark.parametrize("error", [PROCESS_DIED, OUT_OF_REACH])
@pytest.mark.parametrize("gone_from", ["alive", "answering"])
def test_process_that_died_a_moment_before_its_node_is_lost_with_it(make_steering, cluster, tmp_path, error, gone_from):
    steering = make_steering()
    getattr(cluster, gone_from).discard(NODE)
    tell(steering, tmp_path, next_number(steering), error)
    assert steering.ledger[0].state == "running"


def test_process_that_died_on_a_node_with_notice_is_lost_with_it(make_steering, cluster, tmp_path):
    steering = make_steering()
    cluster.draining.add(NODE)
    tell(steering, tmp_path, next_number(steering), PROCESS_DIED)
    assert steering.ledger[0].state == "running"


@pytest.mark.parametrize(("death_cause", "state"), [("its worker process has died", "failed"), ("", "running")])
def test_worker_out_of_reach_fails_only_where_its_living_node_says_that_it_died(
    make_steering, cluster, tmp_path, death_cause, state
):
    steering = make_steering()
    cluster.death_cause = death_cause
    tell(steering, tmp_path, next_number(steering), OUT_OF_REACH)
    assert steering.ledger[0].state == state


def test_all_trials_of_a_lost_node_are_counted_in_one_line(make_steering, cluster, tmp_path):
    steering = make_steering()
    numbers = [next_number(steering) for _ in range(3)]
    actor = SimpleNamespace(_actor_id=SimpleNamespace(hex=lambda: ACTOR))
    others = [tune_trial(number, tmp_path, actor=actor) for number in numbers[1:]]
    scheduler = SteeringScheduler(steering, str(tmp_path))
    for number in numbers:
        scheduler.on_trial_error(controller_of(*others), tune_trial(number, tmp_path, NODE_DIED))
    assert steering.notices == ["node host-a1 is lost: trials to go on elsewhere: 3"]
    assert not steering.running


def test_trial_leaves_a_node_with_notice_after_its_epoch_and_that_is_no_loss(make_steering, cluster, tmp_path):
    steering = make_steering()
    scheduler = SteeringScheduler(steering, str(tmp_path))
    for epoch in range(1, 8):
        number = next_number(steering)
        trial = tune_trial(number, tmp_path, actor=SimpleNamespace(_actor_id=SimpleNamespace(hex=lambda: ACTOR)))
        cluster.draining.add(NODE)
        nodes._draining(0)
        decision = scheduler.on_trial_result(
            controller_of(trial), trial, result_of(number, epoch, 0.5) | {"node_id": NODE}
        )
        assert decision == TrialScheduler.CONTINUE, "Tune would keep a worker that it stops for the next trial"
        assert cluster.killed.pop() is trial.temporary_state.ray_actor
        scheduler.on_trial_error(controller_of(), tune_trial(number, tmp_path, PROCESS_DIED))
        assert not steering.running
    assert len(steering.ledger[0].epochs) == 7
    assert steering.notices == ["node host-a1 drains (notice): trials to go on elsewhere: 1"]


def test_trial_that_ends_on_a_node_with_notice_just_ends_and_no_other_gets_its_worker(make_steering, cluster, tmp_path):
    steering = make_steering()
    number = next_number(steering)
    write_whole_predictions(steering, number)
    for epoch in range(1, EPOCHS):
        steering.report(number, epoch_report(epoch, 0.5), worker=HERE, has_predictions=True)
    cluster.draining.add(NODE)
    trial = tune_trial(number, tmp_path, actor=object())
    scheduler = SteeringScheduler(steering, str(tmp_path))
    result = result_of(number, EPOCHS, 0.5) | {"node_id": NODE}
    assert scheduler.on_trial_result(controller_of(), trial, result) == TrialScheduler.CONTINUE
    scheduler.on_trial_error(controller_of(), tune_trial(number, tmp_path, PROCESS_DIED))
    assert len(cluster.killed) == 1
    record = steering.ledger[number]
    assert (record.state, "moved" in record.user_attrs, steering.notices) == ("complete", False, [])


def test_cluster_is_asked_at_most_once_a_second(cluster):
    for _ in range(5):
        assert {node.node_id for node in nodes.alive_nodes()} == {NODE, OTHER}
        assert nodes.name_of(OTHER) == "host-b2"
    assert cluster.num_lookups == 1


def test_without_a_cluster_there_are_no_nodes_and_none_is_lost():
    assert (nodes.alive_nodes(), nodes.draining_nodes()) == ((), frozenset())
    assert nodes.lost_node(PROCESS_DIED) is None
    assert nodes.lost_node(NODE_DIED) == NODE


def test_worker_that_no_trial_is_left_for_is_let_go_so_that_its_machine_can(make_steering):
    steering = make_steering(num_trials=2)
    let_go = []
    controller: Any = SimpleNamespace(
        get_trials=lambda: [], _cleanup_cached_actors=lambda force_all: let_go.append(steering.num_left)
    )
    scheduler = SteeringScheduler(steering, "")
    next_number(steering)
    scheduler.choose_trial_to_run(controller)
    assert let_go == [], "the other trial wants it"
    next_number(steering)
    waiting = SimpleNamespace(status="PENDING")
    controller.get_trials = lambda: [waiting]
    assert scheduler.choose_trial_to_run(controller) is waiting
    assert let_go == [], "the last one waits for it"
    waiting.status = "RUNNING"
    scheduler.choose_trial_to_run(controller)
    assert let_go == [0]
