"""core: what one model needs (data, model, training, prediction) and the formats of a study's folder.

Knows nothing of Ray or Optuna. `python -m core` trains one model.
"""
