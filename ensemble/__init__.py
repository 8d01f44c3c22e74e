"""ensemble: the vote over stored predictions and the submission; loads neither tensorflow nor ray."""
