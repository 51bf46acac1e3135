"""The KPI report: how good the model is, measured against real pictures. `python -m wuerstchen.evaluate` runs it."""
