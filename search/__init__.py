"""search: many trainings on a Ray cluster, steered by one Optuna study. `python -m search` is the main job."""
