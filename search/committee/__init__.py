"""committee: stage two of a study, its best and most different configurations trained again over folds."""
