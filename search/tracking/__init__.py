"""--mlflow: the study on an MLflow server, sent beside the search and never in its way."""
